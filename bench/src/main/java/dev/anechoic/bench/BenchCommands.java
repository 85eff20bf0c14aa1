package dev.anechoic.bench;

import dev.anechoic.rl.cli.CommandProvider;
import java.util.List;

/** Brings {@code bench} to the command line. */
public final class BenchCommands implements CommandProvider {
  @Override
  public List<Object> commands() {
    return List.of(new BenchCommand());
  }
}
