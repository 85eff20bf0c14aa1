package dev.anechoic.model.testing;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.BackendProvider;
import dev.anechoic.tensor.Backends;
import java.util.stream.Stream;

/** Every backend that runs on this machine, for parameterized tests. */
public final class BackendsUnderTest {
  private BackendsUnderTest() {}

  /** Their names, best first. */
  public static Stream<String> names() {
    return Backends.providers().stream()
        .filter(provider -> provider.unavailableBecause() == null)
        .map(BackendProvider::name);
  }

  public static Backend open(String name, int threads) {
    return Backends.open(name, BackendOptions.DEFAULT.withThreads(threads)).backend();
  }
}
