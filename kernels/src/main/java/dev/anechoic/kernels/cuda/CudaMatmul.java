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

  /**
   * Slices of 64 in a chunk of a sum over rows of both operands, as the gradient of a weight is.
   * The chunks are added in order; the rule looks at k alone, so a row keeps its bits.
   */
  int CHUNK_SLICES = 32;

  /** Where the chunks side by side would take more, a block takes them one after the other. */
  long MOST_PARTIAL_BYTES = 256L << 20;

  /** Side of the tiles in which the wgmma kernels take their operands. */
  int PACKED_SIDE = 64;

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
    if (!bf16()) {
      matmulF32(
          a, transposeA, b, transposeB, bias, out, accumulate, m, n, k, batch, strideA, strideB);
      return;
    }
    if (k > 0 && MatmulTile.byWgmma(gpu().driver(), gpu().forcedTile())) {
      matmulWgmma(
          a, transposeA, b, transposeB, bias, out, accumulate, m, n, k, batch, strideA, strideB);
    } else {
      matmulMma(
          a, transposeA, b, transposeB, bias, out, accumulate, m, n, k, batch, strideA, strideB);
    }
  }

  private void matmulWgmma(
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
    int batchesA = strideA == 0 ? 1 : batch;
    int batchesB = strideB == 0 ? 1 : batch;
    long elementsA = packedElements(m, k);
    long elementsB = packedElements(n, k);
    long bytesA = 2L * batchesA * elementsA;
    long bytesB = 2L * batchesB * elementsB;
    int chunkSlices = chunkSlices(transposeA, k);
    int chunks = blocks(blocks(k, PACKED_SIDE), chunkSlices);
    int sums = sumsSideBySide(transposeA, bias, m, n, k, batch);
    boolean maySplit = sums > batch;
    int multiprocessors = gpu().driver().multiprocessors();
    MatmulTile tile = MatmulTile.of(true, m, n, sums, gpu().driver(), gpu().forcedTile());
    long tiles = (long) blocks(m, tile.rows()) * blocks(n, tile.columns()) * batch;
    boolean split = maySplit && tiles < multiprocessors;
    long partialRoom = split ? partialBytes(m, n, sums) : 0;
    long scratch = gpu().scratch(scratchBytes(a, bytesA) + scratchBytes(b, bytesB) + partialRoom);
    long packedA = packed(a, transposeA, m, k, batchesA, bytesA, scratch);
    long scratchB = scratch + scratchBytes(a, bytesA);
    long packedB = packed(b, !transposeB, n, k, batchesB, bytesB, scratchB);
    long partial = scratchB + scratchBytes(b, bytesB);
    Kernel kernel =
        gpu()
            .kernel(
                tile.kernel(transposeA, transposeB),
                tile.persistentBlocks(split ? tiles * chunks : tiles, multiprocessors),
                1,
                1,
                tile.threads(),
                tile.sharedBytes())
            .arg(packedA)
            .arg(packedB)
            .arg(bias);
    (split ? kernel.arg(partial) : kernel.out(out))
        .arg(m)
        .arg(n)
        .arg(k)
        .arg(batch)
        .arg(strideA == 0 ? 0 : elementsA)
        .arg(strideB == 0 ? 0 : elementsB)
        .arg(accumulate)
        .arg(chunkSlices)
        .arg(split)
        .launch();
    if (split) {
      long size = (long) m * n * batch;
      gpu()
          .elements("mergeChunks", size)
          .arg(partial)
          .out(out)
          .arg(size)
          .arg(chunks)
          .arg(accumulate)
          .launch();
    }
  }

  /** Slices that a block of a wgmma product adds up before a chunk ends. */
  private static int chunkSlices(boolean transposeA, int k) {
    int slices = blocks(k, PACKED_SIDE);
    return transposeA ? Math.min(slices, CHUNK_SLICES) : slices;
  }

  private static long partialBytes(int m, int n, long sums) {
    return 4L * sums * m * n;
  }

  /** Matrices of m x n that a wgmma product may compute side by side: results, or their chunks. */
  private static int sumsSideBySide(
      boolean transposeA, @Nullable Tensor bias, int m, int n, int k, int batch) {
    int chunks = blocks(blocks(k, PACKED_SIDE), chunkSlices(transposeA, k));
    boolean fits = partialBytes(m, n, (long) chunks * batch) <= MOST_PARTIAL_BYTES;
    return bias == null && fits ? chunks * batch : batch;
  }

  /**
   * The tile that a bf16 product without bias takes here.
   *
   * @param transposeA whether a is [K,M]
   * @param m rows of the result
   * @param n columns of the result
   * @param k products in each sum, at least 1
   */
  default MatmulTile tileOf(boolean transposeA, int m, int n, int k) {
    Driver driver = gpu().driver();
    MatmulTile forced = gpu().forcedTile();
    boolean wgmma = MatmulTile.byWgmma(driver, forced);
    int sums = wgmma ? sumsSideBySide(transposeA, null, m, n, k, 1) : 1;
    return MatmulTile.of(wgmma, m, n, sums, driver, forced);
  }

  /** Rounded parameters have a place of their own. */
  private static long scratchBytes(Tensor t, long bytes) {
    return CudaDevice.keepsRounded(t) ? 0 : bytes;
  }

  /** Where the tiles of an operand lie: at {@code scratch}, or kept since an earlier product. */
  private long packed(
      Tensor t, boolean transposed, int rows, int k, int batches, long bytes, long scratch) {
    long to = scratch;
    if (CudaDevice.keepsRounded(t)) {
      RoundedWeights.Form form =
          transposed ? RoundedWeights.Form.TRANSPOSED_TILES : RoundedWeights.Form.TILES;
      RoundedWeights.Entry kept =
          gpu().roundedWeights().of(CudaBuffer.addressOf(t), form, (long) rows * batches, k, bytes);
      to = kept.address();
      if (!kept.needsRounding(gpu().roundingVersion())) {
        return to;
      }
    }
    gpu().setPreparing(to != scratch);
    pack(t, transposed, to, rows, k, batches);
    gpu().setPreparing(false);
    return to;
  }

  /** The same for rows that stay in their places. */
  private long rounded(Tensor t, long rows, int columns, long bytes, long scratch) {
    long to = scratch;
    if (CudaDevice.keepsRounded(t)) {
      RoundedWeights.Entry kept =
          gpu()
              .roundedWeights()
              .of(CudaBuffer.addressOf(t), RoundedWeights.Form.ROWS, rows, columns, bytes);
      to = kept.address();
      if (!kept.needsRounding(gpu().roundingVersion())) {
        return to;
      }
    }
    gpu().setPreparing(to != scratch);
    round(t, to, rows, columns);
    gpu().setPreparing(false);
    return to;
  }

  /** bf16 elements of {@code rows x k} in tiles of 64 x 64, padded at the edges. */
  static long packedElements(int rows, int k) {
    return (long) blocks(rows, PACKED_SIDE) * blocks(k, PACKED_SIDE) * PACKED_SIDE * PACKED_SIDE;
  }

  /**
   * Rounds matrices to bf16 tiles at a device address.
   *
   * @param transposed whether the source has k as its outer axis
   */
  default void pack(Tensor src, boolean transposed, long dst, int rows, int k, int batches) {
    int tiles = Math.multiplyExact(blocks(rows, PACKED_SIDE), blocks(k, PACKED_SIDE));
    gpu()
        .kernel(transposed ? "packTilesTransposed" : "packTiles", tiles, 1, batches, THREADS, 0)
        .arg(src)
        .arg(dst)
        .arg(rows)
        .arg(k)
        .launch();
  }

  private void matmulMma(
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
    long bytesA = 2 * rowsA * widthA;
    long bytesB = 2 * rowsB * widthB;
    long scratch = gpu().scratch(scratchBytes(a, bytesA) + scratchBytes(b, bytesB));
    long roundedA = rounded(a, rowsA, columnsA, bytesA, scratch);
    long scratchB = scratch + scratchBytes(a, bytesA);
    long roundedB = rounded(b, rowsB, columnsB, bytesB, scratchB);
    MatmulTile tile = MatmulTile.of(false, m, n, batch, gpu().driver(), gpu().forcedTile());
    gpu()
        .kernel(
            tile.kernel(transposeA, transposeB),
            blocks(m, tile.rows()) * blocks(n, tile.columns()),
            1,
            batch,
            tile.threads(),
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
