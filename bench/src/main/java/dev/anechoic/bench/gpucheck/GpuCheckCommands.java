package dev.anechoic.bench.gpucheck;

import dev.anechoic.rl.cli.CommandProvider;
import java.util.List;

/** Brings {@code gpucheck} to the command line. */
public final class GpuCheckCommands implements CommandProvider {
  /** For the service loader. */
  public GpuCheckCommands() {}

  @Override
  public List<Object> commands() {
    return List.of(new GpuCheckCommand());
  }
}
