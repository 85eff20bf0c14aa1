package dev.anechoic.kernels.simd;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * Matrix product in single precision: {@code C[M,N] (+)= op(A)[M,K] op(B)[K,N] (+ bias[N])}.
 *
 * <p>Contract on bits: every element of C is one chain of fused multiply-adds in rising k. It
 * starts from the old C where the call accumulates, else from 0; the bias is added last. So a row's
 * bits depend on nothing but that row of A, B and the bias: not on M, on the other rows, on the
 * transposes, on packing, on the width of vectors or on the number of threads.
 *
 * <p>Structure: blocks of {@value #DEPTH} along K; of each block B is packed into panels of 64
 * columns (all threads), then chunks of rows are multiplied (all threads). A is read where it lies.
 * For few rows B is read where it lies as well. After Goto and van de Geijn, "Anatomy of
 * high-performance matrix multiplication", ACM TOMS 34(3), 2008.
 *
 * <p>Cost: {@code 2 M N K} flops. An object serves one thread at a time.
 */
public final class Sgemm {
  private static final int PANEL = GemmPacking.PANEL;

  /** Depth of a block: a panel of 512 x 64 floats takes 128 KiB, a share of the L2 cache. */
  private static final int DEPTH = 512;

  /** Most rows of a chunk: 96 rows of a block of A take 192 KiB and stay in L2. */
  private static final int CHUNK = 96;

  /** Rows that go over all panels of a group in turn where those fit in the L2 cache. */
  private static final int SWEEP = 2 * GemmTiles.ROWS;

  /** Floats of packed B that stay in the L2 cache: 512 KiB. */
  private static final int CACHED = 1 << 17;

  /** Columns of a transposed A from which its chunks are packed: its rows then lie far apart. */
  private static final int PACK_A_COLUMNS = 192;

  /** Most rows of a chunk of a transposed A that is packed. */
  private static final int PACK_A_ROWS = 48;

  /** Columns packed at once: bounds the packed block to 8 MiB. */
  private static final int COLUMNS = 4096;

  /** Up to so many rows the time to pack B would not be earned back. */
  private static final int UNPACKED_ROWS = 12;

  /** Work that is worth a task of its own, about 1 us. */
  private static final long TASK_FLOPS = 100_000;

  private static final long TASKS_PER_THREAD = 4;

  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();
  private static final float[] ZEROS = new float[PANEL];

  private final WorkerPool pool;
  private final WorkerPool.Task packTask = this::packPanel;
  private final WorkerPool.Task multiplyTask = this::multiplyChunk;

  /** One tile of C per thread, for the columns past the last whole tile. */
  private final float[][] edges;

  /** A chunk of a transposed A per thread, {@code [depth, 48]}. */
  private final float[][] chunksOfA;

  private float[] packed = new float[0];

  // The call under way.
  private boolean transA;
  private boolean transB;
  private boolean inPlace;
  private int m;
  private int n;
  private int k;
  private float[] a = ZEROS;
  private int aAt;
  private int lda;
  private float[] b = ZEROS;
  private int bAt;
  private int ldb;
  private @Nullable PackedB prepacked;
  private float @Nullable [] bias;
  private int biasAt;
  private boolean accumulate;
  private float[] c = ZEROS;
  private int cAt;
  private int ldc;

  // The block under way: k from blockK, columns from the panel firstPanel.
  private int blockK;
  private int depth;
  private int firstPanel;
  private int panels;
  private int packedFrom;
  private int chunkRows;
  private int groups;
  private boolean packA;

  /** A product on the calling thread alone. */
  public Sgemm() {
    this(new WorkerPool(1));
  }

  /** A product that splits its work over {@code pool}. */
  public Sgemm(WorkerPool pool) {
    this.pool = pool;
    this.edges = new float[pool.threads()][GemmTiles.ROWS * GemmTiles.WIDTH];
    this.chunksOfA = new float[pool.threads()][];
  }

  /**
   * {@code C (+)= op(A) op(B) (+ bias)}.
   *
   * @param transA whether A lies as {@code [K, M]} with rows {@code lda} apart, else {@code [M, K]}
   * @param transB whether B lies as {@code [N, K]} with rows {@code ldb} apart, else {@code [K, N]}
   * @param bias {@code [N]}, or null
   * @param accumulate whether to add to C
   */
  public void multiply(
      boolean transA,
      boolean transB,
      int m,
      int n,
      int k,
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      float @Nullable [] bias,
      int biasAt,
      boolean accumulate,
      float[] c,
      int cAt,
      int ldc) {
    this.transB = transB;
    this.b = b;
    this.bAt = bAt;
    this.ldb = ldb;
    this.prepacked = null;
    this.inPlace = !transB && (m <= UNPACKED_ROWS || n <= PANEL);
    run(transA, m, n, k, a, aAt, lda, bias, biasAt, accumulate, c, cAt, ldc);
  }

  /** As {@link #multiply} with a B that is packed already. */
  public void multiplyPacked(
      boolean transA,
      int m,
      float[] a,
      int aAt,
      int lda,
      PackedB b,
      float @Nullable [] bias,
      int biasAt,
      boolean accumulate,
      float[] c,
      int cAt,
      int ldc) {
    this.prepacked = b;
    this.inPlace = false;
    run(transA, m, b.columns(), b.depth(), a, aAt, lda, bias, biasAt, accumulate, c, cAt, ldc);
  }

  private void run(
      boolean transA,
      int m,
      int n,
      int k,
      float[] a,
      int aAt,
      int lda,
      float @Nullable [] bias,
      int biasAt,
      boolean accumulate,
      float[] c,
      int cAt,
      int ldc) {
    this.transA = transA;
    this.m = m;
    this.n = n;
    this.a = a;
    this.aAt = aAt;
    this.lda = lda;
    this.bias = bias;
    this.biasAt = biasAt;
    this.accumulate = accumulate;
    this.c = c;
    this.cAt = cAt;
    this.ldc = ldc;
    if (m == 0 || n == 0) {
      return;
    }
    if (k == 0) {
      fillEmptySums();
      return;
    }
    this.k = k;
    int allPanels = PackedB.panelsOf(n);
    for (int p = 0; p < allPanels; p += COLUMNS / PANEL) {
      firstPanel = p;
      panels = Math.min(COLUMNS / PANEL, allPanels - p);
      for (blockK = 0; blockK < k; blockK += DEPTH) {
        depth = Math.min(DEPTH, k - blockK);
        packBlock();
        multiplyBlock();
      }
    }
  }

  /** What C holds where there is nothing to add up. */
  private void fillEmptySums() {
    for (int i = 0; i < m; i++) {
      int row = cAt + i * ldc;
      if (!accumulate) {
        Arrays.fill(c, row, row + n, 0f);
      }
      if (bias != null) {
        addBias(c, row, ldc, 1, n, 0);
      }
    }
  }

  /** Adds the bias of the columns from {@code j} on to a tile of sums that are complete. */
  private void addBias(float[] tile, int at, int ld, int rows, int wide, int j) {
    float[] bias = this.bias;
    if (bias == null) {
      return;
    }
    int from = biasAt + j;
    for (int r = 0; r < rows; r++) {
      int to = at + r * ld;
      int i = 0;
      for (; i + V <= wide; i += V) {
        FloatVector.fromArray(F, tile, to + i)
            .add(FloatVector.fromArray(F, bias, from + i))
            .intoArray(tile, to + i);
      }
      for (; i < wide; i++) {
        tile[to + i] += bias[from + i];
      }
    }
  }

  private void packBlock() {
    if (prepacked != null) {
      return;
    }
    // In place only a ragged last panel is packed: a whole vector there would pass B's end.
    int wholePanels = n / PANEL - firstPanel;
    packedFrom = inPlace ? Math.min(panels, wholePanels) : 0;
    int toPack = panels - packedFrom;
    if (toPack == 0) {
      return;
    }
    int floats = toPack * depth * PANEL;
    if (packed.length < floats) {
      packed = new float[floats];
    }
    if ((long) floats * PANEL < TASK_FLOPS || toPack == 1) {
      for (int i = 0; i < toPack; i++) {
        packPanel(i, 0);
      }
    } else {
      pool.parallelFor(toPack, packTask);
    }
  }

  private void packPanel(int index, int worker) {
    int j = (firstPanel + packedFrom + index) * PANEL;
    int wide = Math.min(PANEL, n - j);
    int at = index * depth * PANEL;
    if (transB) {
      GemmPacking.packTransposed(b, bAt + j * ldb + blockK, ldb, depth, wide, packed, at);
    } else {
      GemmPacking.pack(b, bAt + blockK * ldb + j, ldb, depth, wide, packed, at);
    }
  }

  private void multiplyBlock() {
    long flops = 2L * m * Math.min(n, panels * PANEL) * depth;
    int threads = pool.threads();
    int wanted =
        threads == 1 ? 1 : (int) Math.min(TASKS_PER_THREAD * threads, 1 + flops / TASK_FLOPS);
    packA = transA && lda >= PACK_A_COLUMNS && m > PACK_A_ROWS && panels > 1;
    int most = packA ? PACK_A_ROWS : CHUNK;
    int chunks = (m + most - 1) / most;
    if (wanted > 1 && chunks > 1) {
      chunks = (chunks + threads - 1) / threads * threads;
    }
    if (chunks * panels < wanted) {
      chunks = (wanted + panels - 1) / panels;
    }
    chunkRows = ((m + chunks - 1) / chunks + 3) & -4;
    chunks = (m + chunkRows - 1) / chunkRows;
    groups = Math.max(1, Math.min(panels, (wanted + chunks - 1) / chunks));
    int tasks = chunks * groups;
    if (wanted == 1) {
      for (int i = 0; i < tasks; i++) {
        multiplyChunk(i, 0);
      }
    } else {
      pool.parallelFor(tasks, multiplyTask);
    }
  }

  /** A chunk of rows times a group of panels. */
  private void multiplyChunk(int index, int worker) {
    int chunk = index / groups;
    int group = index % groups;
    int from = chunk * chunkRows;
    int to = Math.min(m, from + chunkRows);
    int firstOfGroup = group * panels / groups;
    int lastOfGroup = (group + 1) * panels / groups;
    if (packA) {
      packChunk(from, to, worker);
    }
    boolean cached = (lastOfGroup - firstOfGroup) * depth * PANEL <= CACHED;
    int sweep = cached ? SWEEP : chunkRows;
    for (int i = from; i < to; i += sweep) {
      for (int p = firstOfGroup; p < lastOfGroup; p++) {
        multiplyPanel(i, Math.min(to, i + sweep), p, from, worker);
      }
    }
  }

  /** Columns {@code from} to {@code to} of the block of a transposed A, side by side. */
  private void packChunk(int from, int to, int worker) {
    float[] chunk = chunksOfA[worker];
    if (chunk == null) {
      chunk = new float[DEPTH * PACK_A_ROWS];
      chunksOfA[worker] = chunk;
    }
    for (int k = 0; k < depth; k++) {
      System.arraycopy(a, aAt + (blockK + k) * lda + from, chunk, k * PACK_A_ROWS, to - from);
    }
  }

  private void multiplyPanel(int from, int to, int panel, int chunkFrom, int worker) {
    float[] left = packA ? chunksOfA[worker] : a;
    int leftLd = packA ? PACK_A_ROWS : lda;
    // Where row 0 of A would lie.
    int leftAt = packA ? -chunkFrom : transA ? aAt + blockK * lda : aAt + blockK;
    int j = (firstPanel + panel) * PANEL;
    int wide = Math.min(PANEL, n - j);
    float[] source;
    int at;
    int ld;
    if (prepacked != null) {
      source = prepacked.panels();
      at = j * prepacked.depth() + blockK * PANEL;
      ld = PANEL;
    } else if (panel < packedFrom) {
      source = b;
      at = bAt + blockK * ldb + j;
      ld = ldb;
    } else {
      source = packed;
      at = (panel - packedFrom) * depth * PANEL;
      ld = PANEL;
    }
    for (int s = 0; s < wide; s += GemmTiles.WIDTH) {
      if (s + GemmTiles.WIDTH <= wide) {
        multiplyStrip(from, to, left, leftAt, leftLd, source, at + s, ld, j + s);
      } else {
        multiplyEdge(
            from, to, left, leftAt, leftLd, source, at + s, ld, j + s, wide - s, edges[worker]);
      }
    }
  }

  /** Rows {@code from} to {@code to} of the whole tiles that start at column {@code j}. */
  private void multiplyStrip(
      int from,
      int to,
      float[] left,
      int leftAt,
      int leftLd,
      float[] source,
      int at,
      int ld,
      int j) {
    float[] start = c;
    int startAt = cAt + j;
    int lds = ldc;
    if (blockK == 0 && !accumulate) {
      start = ZEROS;
      startAt = 0;
      lds = 0;
    }
    int stepA = transA ? 1 : leftLd;
    boolean complete = bias != null && blockK + depth == k;
    for (int i = from; i < to; ) {
      int rows = GemmTiles.rowsOfNext(to - i);
      GemmTiles.tile(
          rows,
          transA,
          left,
          leftAt + i * stepA,
          leftLd,
          source,
          at,
          ld,
          depth,
          start,
          startAt + i * lds,
          lds,
          c,
          cAt + i * ldc + j,
          ldc);
      if (complete) {
        addBias(c, cAt + i * ldc + j, ldc, rows, GemmTiles.WIDTH, j);
      }
      i += rows;
    }
  }

  /** As {@link #multiplyStrip} for fewer columns than a tile has: goes through a tile aside. */
  private void multiplyEdge(
      int from,
      int to,
      float[] left,
      int leftAt,
      int leftLd,
      float[] source,
      int at,
      int ld,
      int j,
      int wide,
      float[] tile) {
    int width = GemmTiles.WIDTH;
    int stepA = transA ? 1 : leftLd;
    boolean complete = bias != null && blockK + depth == k;
    for (int i = from; i < to; ) {
      int rows = GemmTiles.rowsOfNext(to - i);
      for (int r = 0; r < rows; r++) {
        if (blockK > 0 || accumulate) {
          System.arraycopy(c, cAt + (i + r) * ldc + j, tile, r * width, wide);
        } else {
          Arrays.fill(tile, r * width, r * width + wide, 0f);
        }
      }
      GemmTiles.tile(
          rows,
          transA,
          left,
          leftAt + i * stepA,
          leftLd,
          source,
          at,
          ld,
          depth,
          tile,
          0,
          width,
          tile,
          0,
          width);
      if (complete) {
        addBias(tile, 0, width, rows, wide, j);
      }
      for (int r = 0; r < rows; r++) {
        System.arraycopy(tile, r * width, c, cAt + (i + r) * ldc + j, wide);
      }
      i += rows;
    }
  }
}
