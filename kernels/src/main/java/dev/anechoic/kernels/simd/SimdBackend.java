package dev.anechoic.kernels.simd;

import dev.anechoic.kernels.scalar.ScalarBackend;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The backend {@code cpu}: kernels written with the Vector API, split over threads of its own.
 *
 * <p>What has no kernel here is inherited from the scalar twin: loops over one number per token.
 */
public final class SimdBackend extends ScalarBackend {
  static final String NAME = "cpu";

  private final WorkerPool pool;
  private final MatmulKernels matmul;

  /** A backend of its own with so many threads, the caller included. */
  public SimdBackend(int threads) {
    pool = new WorkerPool(threads);
    matmul = new MatmulKernels(pool);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    String forced =
        Lanes.bits() == Lanes.machineBits()
            ? ""
            : " (forced; the machine has " + Lanes.machineBits() + ")";
    return NAME + ": " + Lanes.bits() + "-bit vectors" + forced + ", " + threads() + " threads";
  }

  @Override
  public int threads() {
    return pool.threads();
  }

  @Override
  public void matmul(
      Tensor a,
      boolean transposeA,
      Tensor b,
      boolean transposeB,
      @Nullable Tensor bias,
      Tensor out,
      boolean accumulate) {
    matmul.matmul(a, transposeA, b, transposeB, bias, out, accumulate);
  }

  @Override
  public void close() {
    pool.close();
  }
}
