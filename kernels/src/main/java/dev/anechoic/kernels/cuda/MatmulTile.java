package dev.anechoic.kernels.cuda;

import static dev.anechoic.kernels.cuda.CudaKernels.blocks;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import org.jspecify.annotations.Nullable;

/**
 * The part of the result that one block of a bf16 matrix product computes, and by which
 * instruction. All tiles of one instruction give the same bits, so the choice among them may look
 * at anything; the instruction follows from the device and from k alone, so that a row has the same
 * bits alone and in a batch.
 */
public enum MatmulTile {
  MMA_64X64(64, 64, 128),
  MMA_128X128(128, 128, 256),
  MMA_128X256(128, 256, 256),
  WGMMA_64X32(64, 32, 8, 2),
  WGMMA_64X64(64, 64, 6, 2),
  WGMMA_64X128(64, 128, 4, 2),
  WGMMA_128X128(128, 128, 6, 1),
  WGMMA_128X256(128, 256, 4, 1);

  private static final MatmulTile[] ALL = values(); // a call of values() allocates

  private static final int MMA_STAGES = 3;

  /** Columns along k of one stage. */
  private static final int DEPTH = 64;

  /** The swizzled tiles of wgmma start at a multiple of this. */
  private static final int WGMMA_ALIGNMENT = 1024;

  /** Two barriers of 8 bytes for each stage. */
  private static final int BARRIER_BYTES = 16;

  private final int rows;
  private final int columns;
  private final boolean wgmma;
  private final int threads;
  private final int sharedBytes;
  private final int blocksPerMultiprocessor;
  private final String[] kernels;

  /** By mma.sync: one kernel for each pair of transposes. */
  MatmulTile(int rows, int columns, int threads) {
    this.rows = rows;
    this.columns = columns;
    this.wgmma = false;
    this.threads = threads;
    this.sharedBytes = MMA_STAGES * DEPTH * 2 * (rows + columns);
    this.blocksPerMultiprocessor = 1;
    String prefix = "matmulBf16_" + rows + "x" + columns + "_";
    this.kernels = new String[] {prefix + "NN", prefix + "NT", prefix + "TN", prefix + "TT"};
  }

  /**
   * By wgmma: packing settles the transposes. 64 rows to a group of four warps, one warp copies.
   */
  MatmulTile(int rows, int columns, int stages, int blocksPerMultiprocessor) {
    this.rows = rows;
    this.columns = columns;
    this.wgmma = true;
    this.threads = 2 * rows + 32;
    this.sharedBytes = WGMMA_ALIGNMENT + stages * (DEPTH * 2 * (rows + columns) + BARRIER_BYTES);
    this.blocksPerMultiprocessor = blocksPerMultiprocessor;
    String name = "matmulSm90_" + rows + "x" + columns;
    this.kernels = new String[] {name, name, name, name};
  }

  /** Whether it runs on compute capability 9.0 only. */
  public boolean wgmma() {
    return wgmma;
  }

  /** Rows of the result. */
  public int rows() {
    return rows;
  }

  /** Columns of the result. */
  public int columns() {
    return columns;
  }

  /** Whether the device has the instructions and the shared memory. */
  public boolean runsOn(CudaBackend backend) {
    Driver driver = backend.gpu().driver();
    return (!wgmma || driver.wgmma()) && sharedBytes <= driver.maxSharedBytes();
  }

  int threads() {
    return threads;
  }

  int sharedBytes() {
    return sharedBytes;
  }

  String kernel(boolean transposeA, boolean transposeB) {
    return kernels[(transposeA ? 2 : 0) + (transposeB ? 1 : 0)];
  }

  /** Blocks that stay on the device and share the tiles among them. */
  int persistentBlocks(long tiles, int multiprocessors) {
    return (int) Math.min(tiles, (long) multiprocessors * blocksPerMultiprocessor);
  }

  /**
   * Rounds the operands and returns what launches the kernel alone, for measurements: {@code out =
   * a b}.
   *
   * @param arena holds the rounded operands
   * @param a [M,K], K a multiple of 8
   * @param b [K,N], N a multiple of 8
   * @param out [M,N], overwritten
   * @throws TensorException where the extents are no such multiples, or the device lacks wgmma
   */
  public Runnable prepare(CudaBackend backend, Arena arena, Tensor a, Tensor b, Tensor out) {
    int m = out.dim(0);
    int n = out.dim(1);
    int k = a.dim(1);
    if (k % 8 != 0 || n % 8 != 0 || (wgmma && !backend.gpu().driver().wgmma())) {
      throw new TensorException(
          TensorException.Kind.BACKEND,
          this + " of " + a + " and " + b,
          "columns must be multiples of 8, and wgmma needs compute capability 9.0");
    }
    CudaDevice gpu = backend.gpu();
    int tiles = blocks(m, rows) * blocks(n, columns);
    if (wgmma) {
      Tensor left = RoundedOperand.tiles(backend, arena, a, false, m, k);
      Tensor right = RoundedOperand.tiles(backend, arena, b, true, n, k);
      int grid = persistentBlocks(tiles, gpu.driver().multiprocessors());
      return () ->
          gpu.kernel(kernels[0], grid, 1, 1, threads, sharedBytes)
              .arg(left)
              .arg(right)
              .arg((Tensor) null)
              .out(out)
              .arg(m)
              .arg(n)
              .arg(k)
              .arg(1)
              .arg(0)
              .arg(0)
              .arg(false)
              .arg(blocks(k, CudaMatmul.PACKED_SIDE))
              .arg(false)
              .launch();
    }
    Tensor left = RoundedOperand.rows(backend, arena, a);
    Tensor right = RoundedOperand.rows(backend, arena, b);
    return () ->
        gpu.kernel(kernels[0], tiles, 1, 1, threads, sharedBytes)
            .arg(left)
            .arg(right)
            .arg((Tensor) null)
            .out(out)
            .arg(m)
            .arg(n)
            .arg(k)
            .arg(k)
            .arg(n)
            .arg(0)
            .arg(0)
            .arg(0)
            .arg(false)
            .launch();
  }

  /** Whether products go by wgmma on this device. */
  static boolean byWgmma(Driver driver, @Nullable MatmulTile forced) {
    return forced == null ? driver.wgmma() : forced.wgmma;
  }

  /**
   * The largest tile that fits the shared memory and has at least one block for every
   * multiprocessor, or the forced one if it is of this instruction.
   *
   * @param sums matrices of m x n to compute: products, or their chunks
   */
  static MatmulTile of(
      boolean wgmma, int m, int n, int sums, Driver driver, @Nullable MatmulTile forced) {
    if (forced != null && forced.wgmma == wgmma) {
      return forced;
    }
    MatmulTile best = wgmma ? WGMMA_64X32 : MMA_64X64;
    for (MatmulTile tile : ALL) {
      if (tile.wgmma == wgmma
          && tile.sharedBytes <= driver.maxSharedBytes()
          && (long) blocks(m, tile.rows) * blocks(n, tile.columns) * sums
              >= driver.multiprocessors()) {
        best = tile;
      }
    }
    return best;
  }
}
