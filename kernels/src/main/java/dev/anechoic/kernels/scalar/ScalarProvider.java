package dev.anechoic.kernels.scalar;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.BackendProvider;
import org.jspecify.annotations.Nullable;

/** Offers the backend {@code cpu-scalar}, which runs everywhere. */
public final class ScalarProvider implements BackendProvider {
  @Override
  public String name() {
    return ScalarBackend.NAME;
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public @Nullable String unavailableBecause() {
    return null;
  }

  @Override
  public Backend open(BackendOptions options) {
    return new ScalarBackend();
  }
}
