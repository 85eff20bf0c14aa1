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
    if (bf16()) {
      matmulBf16(
          a, transposeA, b, transposeB, bias, out, accumulate, m, n, k, batch, strideA, strideB);
    } else {
      matmulF32(
          a, transposeA, b, transposeB, bias, out, accumulate, m, n, k, batch, strideA, strideB);
    }
  }

  private void matmulBf16(
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
    int columnsA = transposeA ? m : k;
    int columnsB = transposeB ? k : n;
    long rowsA = a.size() / Math.max(1, columnsA);
    long rowsB = b.size() / Math.max(1, columnsB);
    int widthA = roundedWidth(columnsA);
    int widthB = roundedWidth(columnsB);
    long roundedA = gpu().scratch(2 * (rowsA * widthA + rowsB * widthB));
    long roundedB = roundedA + 2 * rowsA * widthA;
    round(a, roundedA, rowsA, columnsA);
    round(b, roundedB, rowsB, columnsB);
    Bf16Tile tile = Bf16Tile.of(m, n, batch, gpu().driver().multiprocessors());
    gpu()
        .kernel(
            tile.names[(transposeA ? 2 : 0) + (transposeB ? 1 : 0)],
            blocks(m, tile.rows) * blocks(n, tile.columns),
            1,
            batch,
            tile.threads,
            tile.sharedBytes())
        .arg(roundedA)
        .arg(roundedB)
        .arg(bias)
        .out(out)
        .arg(m)
        .arg(n)
        .arg(k)
        .arg(widthA)
        .arg(widthB)
        .arg(strideA == 0 ? 0 : (transposeA ? (long) k : m) * widthA)
        .arg(strideB == 0 ? 0 : (transposeB ? (long) n : k) * widthB)
        .arg((long) m * n)
        .arg(accumulate)
        .launch();
  }

  /** Elements between rows of a rounded matrix: every row starts at 16 bytes. */
  static int roundedWidth(int columns) {
    return (columns + 7) / 8 * 8;
  }

  /** Rounds a matrix to bf16 at a device address, rows {@link #roundedWidth} apart. */
  default void round(Tensor src, long dst, long rows, int columns) {
    int width = roundedWidth(columns);
    gpu()
        .elements("roundRows", rows * (width / 8))
        .arg(src)
        .arg(dst)
        .arg(rows)
        .arg(columns)
        .arg(width)
        .launch();
  }

  /** Tiles of the bf16 kernels; all give the same bits. */
  enum Bf16Tile {
    SMALL(64, 64, 128),
    MEDIUM(128, 128, 256),
    LARGE(128, 256, 256);

    private static final int STAGES = 3;
    private static final int DEPTH = 64;

    final int rows;
    final int columns;
    final int threads;
    final String[] names;

    Bf16Tile(int rows, int columns, int threads) {
      this.rows = rows;
      this.columns = columns;
      this.threads = threads;
      String prefix = "matmulBf16_" + rows + "x" + columns + "_";
      names = new String[] {prefix + "NN", prefix + "NT", prefix + "TN", prefix + "TT"};
    }

    int sharedBytes() {
      return STAGES * DEPTH * 2 * (rows + columns);
    }

    /** The largest tile with at least one block for every multiprocessor. */
    static Bf16Tile of(int m, int n, int batch, int multiprocessors) {
      Bf16Tile best = SMALL;
      for (Bf16Tile tile : values()) {
        if ((long) blocks(m, tile.rows) * blocks(n, tile.columns) * batch >= multiprocessors) {
          best = tile;
        }
      }
      return best;
    }
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
        .out(out)
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
        .out(out)
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
        .out(dTable)
        .arg(rows)
        .arg(dTable.columns())
        .arg(vocabulary)
        .arg(gpu().indexReport())
        .launch();
  }
}
