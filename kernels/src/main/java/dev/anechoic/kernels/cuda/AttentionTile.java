package dev.anechoic.kernels.cuda;

import static dev.anechoic.kernels.cuda.CudaKernels.blocks;

import org.jspecify.annotations.Nullable;

/**
 * The instruction and the rows of a block by which attention with bf16 operands is computed. Both
 * wgmma tiles give the same bits, so the choice between them may look at anything; the instruction
 * follows from the device, the head size and the scale, so that a token has the same bits alone, in
 * a batch and over a cache.
 */
public enum AttentionTile {
  /** By mma.sync: any head size, any device of compute capability 8.0. */
  MMA(0, 0, 0, 0),
  /** By wgmma, 64 rows to a block. */
  WGMMA_64(64, 5, 4, 2),
  /** By wgmma, 128 rows to a block. */
  WGMMA_128(128, 8, 8, 1);

  /** Columns of a plane of a head's image, where the head has more. */
  static final int PLANE_COLUMNS = 64;

  /** Stages of the kernels over a cache, and their query rows. */
  private static final int CACHED_STAGES = 4;

  /** Queries of a tile that the owner of keys meets, with log-sum-exp and delta for each. */
  static final int BACKWARD_QUERIES = 64;

  private static final int STATISTICS_BYTES = 8 * BACKWARD_QUERIES;

  static final int CACHED_ROWS = 64;
  static final int CACHED_THREADS = 160;

  /** The swizzled tiles of wgmma start at a multiple of this. */
  private static final int ALIGNMENT = 1024;

  /** Two barriers of 8 bytes. */
  private static final int BARRIER_BYTES = 16;

  private final int rows;
  private final int stages;
  private final int backwardStages;
  private final int blocksPerMultiprocessor;

  /** Kernels by {@link AttentionSize}. */
  private final String[] forward;

  private final String[] backwardQueries;
  private final String[] backwardKeys;

  AttentionTile(int rows, int stages, int backwardStages, int blocksPerMultiprocessor) {
    this.rows = rows;
    this.stages = stages;
    this.backwardStages = backwardStages;
    this.blocksPerMultiprocessor = blocksPerMultiprocessor;
    AttentionSize[] sizes = AttentionSize.values();
    this.forward = new String[sizes.length];
    this.backwardQueries = new String[sizes.length];
    this.backwardKeys = new String[sizes.length];
    for (AttentionSize size : sizes) {
      String suffix = "Sm90_" + size.padded + "_" + rows;
      forward[size.ordinal()] = "attention" + suffix;
      backwardQueries[size.ordinal()] = "attentionBackwardQueries" + suffix;
      backwardKeys[size.ordinal()] = "attentionBackwardKeys" + suffix;
    }
  }

  /** Whether it runs on compute capability 9.0 only. */
  public boolean wgmma() {
    return this != MMA;
  }

  /** Whether the device has the instructions, and the kernels this head size. */
  public boolean runsOn(CudaBackend backend, int headSize) {
    return this == MMA || (backend.gpu().driver().wgmma() && isSizeOfWgmma(headSize));
  }

  /** Rows that a block of a wgmma kernel owns: queries, or keys in one backward kernel. */
  int rows() {
    return rows;
  }

  /** A warpgroup for 64 rows, and one whose first warp copies. */
  int threads() {
    return 2 * rows + 128;
  }

  String forward(AttentionSize size) {
    return forward[size.ordinal()];
  }

  /**
   * @param keys the kernel that owns keys; the other one owns queries
   */
  String backward(AttentionSize size, boolean keys) {
    return (keys ? backwardKeys : backwardQueries)[size.ordinal()];
  }

  /** Queries, the ring of keys and values, and its barriers. */
  int sharedBytes(int headSize) {
    return ALIGNMENT + 2 * rows * headSize + ringBytes(stages, headSize) + BARRIER_BYTES;
  }

  /** The same of a block over a cache. */
  static int cachedSharedBytes(int headSize) {
    return ALIGNMENT + 2 * CACHED_ROWS * headSize + ringBytes(CACHED_STAGES, headSize);
  }

  /** Two kinds of rows that stay, a ring of those that they meet, and statistics for each stage. */
  int backwardSharedBytes(int headSize, boolean keys) {
    int met = keys ? BACKWARD_QUERIES : tileKeys(headSize);
    return ALIGNMENT
        + 4 * rows * headSize
        + backwardStages * (2 * met * headSize + STATISTICS_BYTES + BARRIER_BYTES)
        + BARRIER_BYTES;
  }

  private static int ringBytes(int stages, int headSize) {
    return stages * (2 * tileKeys(headSize) * headSize + BARRIER_BYTES);
  }

  private static int tileKeys(int headSize) {
    return headSize == 128 ? 64 : 128;
  }

  /** Blocks that stay on the device and share the tiles among them. */
  int persistentBlocks(long tiles, int multiprocessors) {
    return (int) Math.min(tiles, (long) multiprocessors * blocksPerMultiprocessor);
  }

  private static boolean isSizeOfWgmma(int headSize) {
    return headSize == 32 || headSize == 64 || headSize == 128;
  }

  /** Whether attention goes by wgmma; the kernels take the maximum before they scale. */
  static boolean byWgmma(
      Driver driver, @Nullable AttentionTile forced, int headSize, double scale) {
    boolean wanted = forced == null ? driver.wgmma() : forced.wgmma();
    return wanted && isSizeOfWgmma(headSize) && scale > 0;
  }

  /**
   * The wgmma tile for rows of this many sequences: the larger one where it still gives every
   * multiprocessor a block.
   *
   * @param sequences (batch, head) pairs
   */
  static AttentionTile of(int time, long sequences, Driver driver, @Nullable AttentionTile forced) {
    if (forced != null && forced.wgmma()) {
      return forced;
    }
    long tiles = blocks(time, WGMMA_128.rows) * sequences;
    return tiles >= driver.multiprocessors() ? WGMMA_128 : WGMMA_64;
  }
}
