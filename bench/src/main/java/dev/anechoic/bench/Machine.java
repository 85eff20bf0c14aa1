package dev.anechoic.bench;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The machine, in one line beside every table. */
final class Machine {
  private Machine() {}

  static String line() {
    String backend;
    try (Backend cpu = Backends.open("cpu", BackendOptions.DEFAULT).backend()) {
      backend = cpu.description();
    }
    return "%d cores, %s%s; JDK %s; backend %s."
        .formatted(
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.arch"),
            model(),
            System.getProperty("java.version"),
            backend);
  }

  /** The processor's name where Linux tells it. */
  private static String model() {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("model name"))
          .map(line -> ", " + line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      return "";
    }
  }
}
