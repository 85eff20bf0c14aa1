package dev.anechoic.bench;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code anechoic bench self-test}: whether this launch of the JVM compiled every kernel well. */
@Command(
    name = "self-test",
    mixinStandardHelpOptions = true,
    description =
        "Times each hot kernel in this launch; ends with 1 where one is slow. runs/launches.sh"
            + " repeats it.")
final class SelfTestBench implements Callable<Integer> {
  @Option(
      names = "--backend",
      defaultValue = "auto",
      description = "where kernels run (default: ${DEFAULT-VALUE})")
  private String backendName;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  SelfTestBench() {}

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (Backend backend = Backends.open(backendName, BackendOptions.DEFAULT).backend()) {
      long start = System.nanoTime();
      List<String> slow = backend.warnings();
      double seconds = (System.nanoTime() - start) / 1e9;
      slow.forEach(out::println);
      String verdict = slow.isEmpty() ? "every kernel runs at full speed" : slow.size() + " slow";
      out.printf(Locale.ROOT, "%s: %s; tested in %.2f s%n", backend.name(), verdict, seconds);
      out.flush();
      return slow.isEmpty() ? 0 : 1;
    }
  }
}
