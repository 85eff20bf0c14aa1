package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.BackendProvider;
import dev.anechoic.tensor.TensorException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import org.jspecify.annotations.Nullable;

/** Offers the backend {@code cuda}: bf16 tensor-core operands with f32 sums and weights. */
@SuppressWarnings("restricted") // native calls are this class's purpose
public class CudaProvider implements BackendProvider {
  static final String DRIVER_LIBRARY = "libcuda.so.1";
  private static final int OLDEST_DRIVER = 12000;

  private final String name;
  private final CudaBackend.Precision precision;
  private final int priority;

  /** For the service loader. */
  public CudaProvider() {
    this("cuda", CudaBackend.Precision.BF16, 100);
  }

  CudaProvider(String name, CudaBackend.Precision precision, int priority) {
    this.name = name;
    this.precision = precision;
    this.priority = priority;
  }

  /** Offers {@code cuda-f32}: operands of matrix products in f32, only taken when named. */
  public static final class F32 extends CudaProvider {
    /** For the service loader. */
    public F32() {
      super("cuda-f32", CudaBackend.Precision.F32, -1);
    }
  }

  /** What the machine offers; asked once. */
  private static final class Probe {
    static final @Nullable String PROBLEM = problem();

    private static @Nullable String problem() {
      // JCuda's own loading would end in a LinkageError without a driver, so ask for it by name.
      try (Arena arena = Arena.ofConfined()) {
        SymbolLookup.libraryLookup(DRIVER_LIBRARY, arena);
      } catch (IllegalArgumentException e) {
        return "no NVIDIA driver (" + DRIVER_LIBRARY + ") on this machine";
      }
      try {
        return driverProblem();
      } catch (LinkageError e) {
        return "JCuda's native libraries do not load: " + e.getMessage();
      }
    }

    private static @Nullable String driverProblem() {
      jcuda.driver.JCudaDriver.setExceptionsEnabled(false);
      int result = jcuda.driver.JCudaDriver.cuInit(0);
      if (result != 0) {
        return "the NVIDIA driver does not start: " + jcuda.driver.CUresult.stringFor(result);
      }
      int[] version = new int[1];
      jcuda.driver.JCudaDriver.cuDriverGetVersion(version);
      if (version[0] < OLDEST_DRIVER) {
        return "the NVIDIA driver is for CUDA %d.%d; 12.0 or newer is needed"
            .formatted(version[0] / 1000, version[0] % 1000 / 10);
      }
      if (!KernelProgram.hasFatbin() && RuntimeCompiler.libraryName() == null) {
        return "this build has no compiled kernels (nvcc was missing) and libnvrtc is not installed";
      }
      return null;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int priority() {
    return priority;
  }

  @Override
  public @Nullable String unavailableBecause() {
    return Probe.PROBLEM;
  }

  @Override
  public Backend open(BackendOptions options) {
    try {
      return new CudaBackend(
          name, new JCudaDriver(options.device(), KernelProgram.load()), precision);
    } catch (DriverException e) {
      throw new TensorException(
          TensorException.Kind.BACKEND,
          "backend " + name,
          e.reason() + "; --backend cpu runs without a GPU",
          e);
    }
  }
}
