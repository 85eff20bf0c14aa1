package dev.anechoic.kernels.cuda;

import static dev.anechoic.kernels.cuda.CudaKernels.blocks;

import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Matrix products and table look-up: {@code matmul*.cu}, {@code embedding.cu}. */
interface CudaMatmul extends CudaKernels {
  /** Kernel names by [tile][2 transposeA + transposeB]. */
  String[][] F32_KERNELS = {
    {"matmul64NN", "matmul64NT", "matmul64TN", "matmul64TT"},
    {"matmul128NN", "matmul128NT", "matmul128TN", "matmul128TT"}
  };

  int THREADS = 256;

  @Override
  default void matmul(
      Tensor a,
      boolean transposeA,
      Tensor b,
      boolean transposeB,
      @Nullable Tensor bias,
      Tensor out,
      boolean accumulate) {
    int k = transposeA ? a.dim(-2) : a.dim(-1);
    int n = out.columns();
    // A shared b makes all leading axes of an untransposed a rows of one product.
    boolean oneProduct = b.shape().rank() == 2 && !transposeA;
    long rows = oneProduct ? out.rows() : out.dim(-2);
    int m = Math.toIntExact(rows);
    int batch = m == 0 || n == 0 ? 0 : Math.toIntExact(out.size() / ((long) m * n));
    long strideA = a.shape().rank() == 2 ? 0 : (long) m * k;
    long strideB = b.shape().rank() == 2 ? 0 : (long) k * n;
    matmulF32(
        a, transposeA, b, transposeB, bias, out, accumulate, m, n, k, batch, strideA, strideB);
  }

  private void matmulF32(
      Tensor a,
      boolean transposeA,
      Tensor b,
      boolean transposeB,
      @Nullable Tensor bias,
      Tensor out,
      boolean accumulate,
      int m,
      int n,
      int k,
      int batch,
      long strideA,
      long strideB) {
    // Every tile gives the same bits; the large one is worth it once it fills the device.
    long largeTiles = (long) blocks(m, 128) * blocks(n, 128) * batch;
    int size = largeTiles >= gpu().driver().multiprocessors() ? 1 : 0;
    int tile = size == 1 ? 128 : 64;
    gpu()
        .kernel(
            F32_KERNELS[size][(transposeA ? 2 : 0) + (transposeB ? 1 : 0)],
            blocks(n, tile),
            blocks(m, tile),
            batch,
            THREADS,
            0)
        .arg(a)
        .arg(b)
        .arg(bias)
        .arg(out)
        .arg(m)
        .arg(n)
        .arg(k)
        .arg(strideA)
        .arg(strideB)
        .arg((long) m * n)
        .arg(accumulate)
        .launch();
  }

  @Override
  default void embedding(Tensor table, Tensor indices, Tensor out) {
    gpu()
        .elements("embedding", out.size())
        .arg(table)
        .arg(indices)
        .arg(out)
        .arg(out.rows())
        .arg(out.columns())
        .arg(Math.toIntExact(table.rows()))
        .arg(gpu().indexReport())
        .launch();
  }

  @Override
  default void embeddingBackward(Tensor indices, Tensor dOut, Tensor dTable) {
    int rows = Math.toIntExact(indices.size());
    int vocabulary = rows == 0 ? 0 : Math.toIntExact(dTable.rows());
    int warps = 4;
    gpu()
        .kernel(
            "embeddingBackward",
            blocks(vocabulary, warps),
            blocks(dTable.columns(), 128),
            1,
            32 * warps,
            0)
        .arg(indices)
        .arg(dOut)
        .arg(dTable)
        .arg(rows)
        .arg(dTable.columns())
        .arg(vocabulary)
        .arg(gpu().indexReport())
        .launch();
  }
}
