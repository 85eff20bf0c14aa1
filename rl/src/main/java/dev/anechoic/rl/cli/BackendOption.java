package dev.anechoic.rl.cli;

import dev.anechoic.model.UserError;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.TensorException;
import dev.anechoic.tensor.profile.TracedBackend;
import java.io.PrintWriter;
import picocli.CommandLine.Option;

/** The flags that choose a backend, shared by all commands that run a model. */
final class BackendOption {
  @Option(
      names = "--backend",
      defaultValue = "auto",
      paramLabel = "NAME",
      description = "where kernels run: auto, cpu, cuda, ... (default: ${DEFAULT-VALUE})")
  private String name;

  @Option(
      names = "--threads",
      defaultValue = "0",
      paramLabel = "N",
      description = "threads of a CPU backend; 0 for one per core (default: ${DEFAULT-VALUE})")
  private int threads;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  BackendOption() {}

  /** Opens it and says on {@code log} which one was taken and why. */
  Backend open(PrintWriter log) {
    return open(name, threads, log);
  }

  /** Opens the backend of a configuration. */
  static Backend open(String name, int threads, PrintWriter log) {
    try {
      var choice = Backends.open(name, BackendOptions.DEFAULT.withThreads(threads));
      log.println(choice.reason());
      choice.backend().warnings().forEach(log::println);
      log.flush();
      return TracedBackend.ifRecording(choice.backend());
    } catch (TensorException e) {
      throw UserError.what("The backend cannot be used: " + e.getMessage())
          .cause(e)
          .remedy("Choose another; 'anechoic doctor' says what this machine offers.");
    }
  }
}
