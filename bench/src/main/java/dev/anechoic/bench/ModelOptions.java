package dev.anechoic.bench;

import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Preset;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags that the model benchmarks share. */
final class ModelOptions {
  static final long SEED = 1;

  @Option(
      names = "--preset",
      defaultValue = "micro",
      description = "size of the model (default: ${DEFAULT-VALUE})")
  private String preset;

  @Option(
      names = "--vocab",
      defaultValue = "512",
      description = "tokens in the vocabulary (default: ${DEFAULT-VALUE})")
  private int vocab;

  @Option(
      names = "--backend",
      defaultValue = "auto",
      description = "where kernels run (default: ${DEFAULT-VALUE})")
  private String backend;

  @Option(
      names = "--threads",
      defaultValue = "0",
      description = "threads of a CPU backend; 0 for one per core (default: ${DEFAULT-VALUE})")
  private int threads;

  @Option(
      names = "--warmup",
      defaultValue = "8",
      description = "seconds before the first measurement (default: ${DEFAULT-VALUE})")
  double warmupSeconds;

  @Option(
      names = "--seconds",
      defaultValue = "14",
      description = "seconds of measurement (default: ${DEFAULT-VALUE})")
  double seconds;

  @Option(names = "--json", paramLabel = "FILE", description = "where rows go as JSON")
  @Nullable Path json;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  ModelOptions() {}

  ModelConfig config(int context) {
    return Preset.named(preset).config(vocab, context);
  }

  String preset() {
    return preset;
  }

  int vocab() {
    return vocab;
  }

  Backend open(PrintWriter out) {
    var choice = Backends.open(backend, BackendOptions.DEFAULT.withThreads(threads));
    out.println(choice.reason());
    out.flush();
    return choice.backend();
  }
}
