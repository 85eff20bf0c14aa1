package dev.anechoic.kernels.emulated;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;

/** Opens the emulated backends for tests. */
final class Emulated {
  private Emulated() {}

  /** Skips the test, saying why, where the emulated kernels cannot be built. */
  static void assumeAvailable() {
    String problem = EmulationLibrary.unavailableBecause();
    if (problem != null) {
      System.out.println("skipped: " + problem);
    }
    assumeTrue(problem == null, problem);
  }

  static Backend open(String name) {
    assumeAvailable();
    return Backends.open(name, BackendOptions.DEFAULT).backend();
  }
}
