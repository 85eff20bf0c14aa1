package dev.anechoic.bench.gpucheck;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code anechoic gpucheck}. Exit code 0 where all held, 1 where something failed. */
@Command(
    name = "gpucheck",
    mixinStandardHelpOptions = true,
    description = "Checks the CUDA kernels on this machine's GPU and measures them.")
final class GpuCheckCommand implements Callable<Integer> {
  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder for gpucheck.json and gpucheck.md.")
  private Path out;

  @Option(
      names = "--backend",
      defaultValue = "cuda",
      description = "Backend to check (default: ${DEFAULT-VALUE}).")
  private String backend;

  @Option(
      names = "--part",
      split = ",",
      paramLabel = "N",
      description =
          "Parts to run, by number or name: 1 versions, 2 ops, 3 loss, 4 speed, 5 pytorch, "
              + "6 sanitizer (default: all).")
  private List<String> parts = List.of();

  @Option(names = "--small", description = "Tiny shapes: shows that it runs, measures nothing.")
  private boolean small;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  GpuCheckCommand() {}

  @Override
  public Integer call() {
    List<Part> chosen;
    try {
      chosen =
          parts.isEmpty() ? List.of(Part.values()) : parts.stream().map(Part::of).sorted().toList();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--part: " + e.getMessage());
    }
    GpuCheck check =
        new GpuCheck(backend, small, GpuCheck.Tools.ON_PATH, spec.commandLine().getOut());
    return check.run(chosen, out).isEmpty() ? 0 : 1;
  }
}
