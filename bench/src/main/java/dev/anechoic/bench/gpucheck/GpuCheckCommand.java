package dev.anechoic.bench.gpucheck;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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
      defaultValue = "VERSIONS,OPS,KERNELS",
      description = "Parts to run: ${COMPLETION-CANDIDATES} (default: all).")
  private List<GpuCheck.Part> parts;

  @Option(names = "--small", description = "Tiny shapes: shows that it runs, measures nothing.")
  private boolean small;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  GpuCheckCommand() {}

  @Override
  public Integer call() {
    GpuCheck check = new GpuCheck(backend, small, spec.commandLine().getOut());
    return check.run(parts, out).isEmpty() ? 0 : 1;
  }
}
