package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;

/**
 * The vendor's matrix product, as the yardstick of ours: bf16 operands, sums and result in f32. Its
 * calls go to the stream of the backend, so they are timed and ordered like kernels.
 */
public final class Cublas implements AutoCloseable {
  private static final int MAJOR_UNIT = 10_000;

  private final cublasHandle handle = new cublasHandle();
  private final Pointer one = Pointer.to(new float[] {1});
  private final Pointer zero = Pointer.to(new float[] {0});

  private Cublas() {}

  /**
   * Opens cuBLAS on a backend's device.
   *
   * @throws DriverException where it is not installed, does not start, or the backend has no device
   */
  public static Cublas open(Backend backend) {
    if (!(backend instanceof CudaBackend cuda)
        || !(cuda.gpu().driver() instanceof JCudaDriver driver)) {
      throw new DriverException("cuBLAS needs a GPU; backend " + backend.name() + " has none");
    }
    Cublas cublas = create();
    check(
        JCublas2.cublasSetStream(cublas.handle, new cudaStream_t(driver.stream())),
        "cublasSetStream");
    return cublas;
  }

  /** A handle on the current device. */
  static Cublas create() {
    String problem = CublasLibrary.unavailableBecause();
    if (problem != null) {
      throw new DriverException(problem);
    }
    try {
      JCublas2.setExceptionsEnabled(false);
    } catch (LinkageError e) {
      throw new DriverException("JCublas2 does not load: " + e.getMessage());
    }
    Cublas cublas = new Cublas();
    check(JCublas2.cublasCreate(cublas.handle), "cublasCreate");
    return cublas;
  }

  /** Version as major.minor.patch: a number of cuBLAS is 10000 major + 100 minor + patch. */
  public String version() {
    int[] version = new int[1];
    check(JCublas2.cublasGetVersion(handle, version), "cublasGetVersion");
    int patch = version[0] % 100;
    return "%d.%d.%d".formatted(version[0] / MAJOR_UNIT, version[0] % MAJOR_UNIT / 100, patch);
  }

  /**
   * {@code out = op(a) op(b)}.
   *
   * @param a BF16 [M,K], or [K,M] where transposed
   * @param b BF16 [K,N], or [N,K] where transposed
   * @param out F32 [M,N], overwritten
   */
  public void matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor out) {
    if (a.dtype() != DType.BF16 || b.dtype() != DType.BF16 || out.dtype() != DType.F32) {
      throw new TensorException(
          TensorException.Kind.DTYPE,
          "cuBLAS product of " + a + " and " + b + " to " + out,
          "BF16 operands and an F32 result are expected");
    }
    int m = Math.toIntExact(out.rows());
    int n = out.columns();
    int k = transposeA ? a.dim(0) : a.dim(1);
    // cuBLAS stores columns one after the other: it sees every matrix transposed, so the product
    // is formed as out^T = op(b)^T op(a)^T.
    check(
        JCublas2.cublasGemmEx(
            handle,
            operation(transposeB),
            operation(transposeA),
            n,
            m,
            k,
            one,
            pointer(b),
            cudaDataType.CUDA_R_16BF,
            b.columns(),
            pointer(a),
            cudaDataType.CUDA_R_16BF,
            a.columns(),
            zero,
            pointer(out),
            cudaDataType.CUDA_R_32F,
            n,
            cublasComputeType.CUBLAS_COMPUTE_32F,
            cublasGemmAlgo.CUBLAS_GEMM_DEFAULT),
        "cublasGemmEx");
  }

  private static int operation(boolean transpose) {
    return transpose ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N;
  }

  private static Pointer pointer(Tensor t) {
    return JCudaDriver.devicePointer(CudaBuffer.addressOf(t));
  }

  private static void check(int status, String call) {
    if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
      throw new DriverException(call + " of cuBLAS: " + cublasStatus.stringFor(status));
    }
  }

  @Override
  public void close() {
    check(JCublas2.cublasDestroy(handle), "cublasDestroy");
  }
}
