package dev.anechoic.parquet;

import dev.anechoic.rl.cli.CommandProvider;
import java.util.List;

/** Brings {@code parquet} to the command line. */
public final class ParquetCommands implements CommandProvider {
  @Override
  public List<Object> commands() {
    return List.of(new ParquetCommand());
  }
}
