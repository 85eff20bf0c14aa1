package dev.anechoic.tensor;

import org.jspecify.annotations.Nullable;

/** Announces a backend through {@link java.util.ServiceLoader}. */
public interface BackendProvider {
  /** The name by which a user asks for it. */
  String name();

  /** Among those available, {@code auto} takes the highest; below 0 only when named. */
  int priority();

  /** Why it cannot run here, in one sentence, or null where it can. Does no lasting work. */
  @Nullable String unavailableBecause();

  /** Opens it. */
  Backend open(BackendOptions options);
}
