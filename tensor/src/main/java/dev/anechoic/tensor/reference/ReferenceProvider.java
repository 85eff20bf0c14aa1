package dev.anechoic.tensor.reference;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.BackendProvider;
import org.jspecify.annotations.Nullable;

/** Offers the backend {@code reference}; only taken when named. */
public final class ReferenceProvider implements BackendProvider {
  @Override
  public String name() {
    return ReferenceBackend.NAME;
  }

  @Override
  public int priority() {
    return -1;
  }

  @Override
  public @Nullable String unavailableBecause() {
    return null;
  }

  @Override
  public Backend open(BackendOptions options) {
    return new ReferenceBackend();
  }
}
