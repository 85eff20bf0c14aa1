package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.BackendProvider;
import org.jspecify.annotations.Nullable;

/** Offers the backend {@code cpu} where the JVM has the vector module. */
public final class SimdProvider implements BackendProvider {
  private static final int PRIORITY = 10;
  private static final String MODULE = "jdk.incubator.vector";

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public int priority() {
    return PRIORITY;
  }

  @Override
  public @Nullable String unavailableBecause() {
    if (ModuleLayer.boot().findModule(MODULE).isPresent()) {
      return System.getProperty(Lanes.PROPERTY) == null ? null : Lanes.complaint();
    }
    return "the JVM runs without the vector module; start it with --add-modules " + MODULE;
  }

  @Override
  public Backend open(BackendOptions options) {
    return new SimdBackend(options.resolvedThreads());
  }
}
