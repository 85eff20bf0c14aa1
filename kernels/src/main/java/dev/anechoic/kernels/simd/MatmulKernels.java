package dev.anechoic.kernels.simd;

import dev.anechoic.kernels.heap.HeapBuffer;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Matrix products of tensors: one large product over all threads, or one product per thread. */
final class MatmulKernels {
  private final WorkerPool pool;
  private final WorkerPool.Task batchTask = this::multiplyOne;

  /** Splits one product over the threads. */
  private final Sgemm split;

  /** One per thread, for products that are too small to split. */
  private final Sgemm[] serial;

  // The batch under way.
  private boolean transposeA;
  private boolean transposeB;
  private boolean accumulate;
  private int m;
  private int n;
  private int k;
  private float[] a = {};
  private float[] b = {};
  private float[] out = {};
  private float @Nullable [] bias;
  private int aAt;
  private int bAt;
  private int outAt;
  private int biasAt;
  private int aStride;
  private int bStride;

  MatmulKernels(WorkerPool pool) {
    this.pool = pool;
    split = new Sgemm(pool);
    serial = new Sgemm[pool.threads()];
    for (int i = 0; i < serial.length; i++) {
      serial[i] = new Sgemm();
    }
  }

  void matmul(
      Tensor aTensor,
      boolean transposeA,
      Tensor bTensor,
      boolean transposeB,
      @Nullable Tensor biasTensor,
      Tensor outTensor,
      boolean accumulate) {
    boolean bShared = bTensor.shape().rank() == 2;
    boolean rows = bShared && !transposeA; // leading axes of a are rows of one product
    this.transposeA = transposeA;
    this.transposeB = transposeB;
    this.accumulate = accumulate;
    n = outTensor.columns();
    m = rows ? (int) outTensor.rows() : outTensor.dim(-2);
    k = bTensor.dim(transposeB ? -1 : -2);
    a = HeapBuffer.floats(aTensor);
    b = HeapBuffer.floats(bTensor);
    out = HeapBuffer.floats(outTensor);
    bias = biasTensor == null ? null : HeapBuffer.floats(biasTensor);
    aAt = HeapBuffer.at(aTensor);
    bAt = HeapBuffer.at(bTensor);
    outAt = HeapBuffer.at(outTensor);
    biasAt = biasTensor == null ? 0 : HeapBuffer.at(biasTensor);
    if (m == 0 || n == 0) {
      return;
    }
    int batch = HeapBuffer.size(outTensor) / (m * n);
    aStride = aTensor.shape().rank() == 2 ? 0 : m * k;
    bStride = bShared ? 0 : k * n;
    if (batch >= pool.threads() && batch > 1) {
      pool.parallelFor(batch, batchTask);
    } else {
      for (int g = 0; g < batch; g++) {
        multiply(split, g);
      }
    }
  }

  private void multiplyOne(int index, int worker) {
    multiply(serial[worker], index);
  }

  private void multiply(Sgemm sgemm, int g) {
    sgemm.multiply(
        transposeA,
        transposeB,
        m,
        n,
        k,
        a,
        aAt + g * aStride,
        transposeA ? m : k,
        b,
        bAt + g * bStride,
        transposeB ? k : n,
        bias,
        biasAt,
        accumulate,
        out,
        outAt + g * m * n,
        n);
  }
}
