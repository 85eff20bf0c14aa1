package dev.anechoic.kernels.emulated;

import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.kernels.cuda.DriverException;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.BackendProvider;
import dev.anechoic.tensor.TensorException;
import org.jspecify.annotations.Nullable;

/** Offers {@code cuda-emulated}: the CUDA backend on the CPU, for tests; only taken when named. */
public class EmulatedProvider implements BackendProvider {
  /** Set to {@code true}, lanes run from the last to the first: exposes missing barriers. */
  public static final String REVERSE_PROPERTY = "anechoic.emulation.reverse";

  private final String name;
  private final CudaBackend.Precision precision;
  private final boolean wgmma;

  /** For the service loader. */
  public EmulatedProvider() {
    this("cuda-emulated", CudaBackend.Precision.F32, false);
  }

  EmulatedProvider(String name, CudaBackend.Precision precision, boolean wgmma) {
    this.name = name;
    this.precision = precision;
    this.wgmma = wgmma;
  }

  /** Offers {@code cuda-emulated-bf16}: the tensor-core kernels. */
  public static final class Bf16 extends EmulatedProvider {
    /** For the service loader. */
    public Bf16() {
      super("cuda-emulated-bf16", CudaBackend.Precision.BF16, false);
    }
  }

  /** Offers {@code cuda-emulated-sm90}: the same as on compute capability 9.0, by wgmma and TMA. */
  public static final class Sm90 extends EmulatedProvider {
    /** For the service loader. */
    public Sm90() {
      super("cuda-emulated-sm90", CudaBackend.Precision.BF16, true);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int priority() {
    return -1;
  }

  @Override
  public @Nullable String unavailableBecause() {
    return EmulationLibrary.unavailableBecause();
  }

  @Override
  public Backend open(BackendOptions options) {
    try {
      boolean reverse = Boolean.getBoolean(REVERSE_PROPERTY);
      return new CudaBackend(
          name, new EmulatedDriver(EmulationLibrary.get(), reverse, wgmma), precision);
    } catch (DriverException e) {
      throw new TensorException(TensorException.Kind.BACKEND, "backend " + name, e.reason(), e);
    }
  }
}
