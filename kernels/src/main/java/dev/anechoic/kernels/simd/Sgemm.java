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
 * <p>Structure: a task is a chunk of rows of C times a group of panels of 64 columns. It runs over
 * K in blocks of {@value #DEPTH}; in each, the first tile of a panel packs what it reads of B into
 * memory of the thread's own ({@link GemmPackingTiles}), so that the tiles below find it in the
 * cache, and threads neither wait for each other nor read what another has packed. A transposed B
 * cannot be packed on the way: all threads transpose it first. A is read where it lies. After Goto
 * and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008.
 *
 * <p>Cost: {@code 2 M N K} flops. An object serves one thread at a time.
 */
public final class Sgemm {
  private static final int PANEL = GemmPacking.PANEL;

  /** Depth of a block: a panel of 512 x 64 floats takes 128 KiB, a share of the L2 cache. */
  private static final int DEPTH = 512;

  /** Most floats of A in a chunk, which stays in L2 while the panels change: 192 KiB. */
  private static final int CHUNK_FLOATS = 96 * DEPTH;

  /** Rows from which a group of panels that fits in the L2 cache is worth packing. */
  private static final int LONG_ROWS = 768;

  /** Rows that go over all panels of a group in turn where those fit in the L2 cache. */
  private static final int SWEEP = 2 * GemmTiles.ROWS;

  /** Floats of packed B that stay in the L2 cache: 512 KiB. */
  private static final int CACHED = 1 << 17;

  /** Columns of a transposed A from which its chunks are packed: its rows then lie far apart. */
  private static final int PACK_A_COLUMNS = 192;

  /** Most rows of a chunk of a transposed A that is packed: 432 KiB of the L2 cache. */
  private static final int PACK_A_ROWS = 6 * GemmPacking.STRIP;

  /** Depth of a block of a transposed A: its rows and a panel of B fill the L2 cache. */
  private static final int TRANSPOSED_DEPTH = 384;

  /** Floats of a transposed B packed at once: 16 MiB. */
  private static final int TRANSPOSED = 1 << 22;

  /** Up to so many rows packing B would not be earned back. */
  private static final int UNPACKED_ROWS = 12;

  /** Work that is worth a task of its own, about 10 us. */
  private static final long TASK_FLOPS = 1_000_000;

  private static final long TASKS_PER_THREAD = 2;

  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();
  private static final float[] ZEROS = new float[PANEL];

  private final WorkerPool pool;
  private final WorkerPool.Task transposeTask = this::transposePanel;
  private final WorkerPool.Task multiplyTask = this::multiplyTask;
  private final Lane[] lanes;

  /** Panels of a transposed B, {@code [panel][k][64]}. */
  private float[] transposed = new float[0];

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
  private float @Nullable [] bias;
  private int biasAt;
  private boolean accumulate;
  private float[] c = ZEROS;
  private int cAt;
  private int ldc;

  // How it is split: panels from firstPanel, chunks of rows times groups of panels.
  private int firstPanel;
  private int panels;
  private int chunkRows;
  private int chunks;
  private int groups;
  private boolean packA;

  /** A product on the calling thread alone. */
  public Sgemm() {
    this(new WorkerPool(1));
  }

  /** A product that splits its work over {@code pool}. */
  public Sgemm(WorkerPool pool) {
    this.pool = pool;
    this.lanes = new Lane[pool.threads()];
    for (int i = 0; i < lanes.length; i++) {
      lanes[i] = new Lane();
    }
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
    this.transA = transA;
    this.transB = transB;
    this.m = m;
    this.n = n;
    this.k = k;
    this.a = a;
    this.aAt = aAt;
    this.lda = lda;
    this.b = b;
    this.bAt = bAt;
    this.ldb = ldb;
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
    inPlace = !transB && (m <= UNPACKED_ROWS || n <= PANEL);
    int allPanels = (n + PANEL - 1) / PANEL;
    int atOnce = transB ? Math.max(1, TRANSPOSED / PANEL / k) : allPanels;
    for (firstPanel = 0; firstPanel < allPanels; firstPanel += atOnce) {
      panels = Math.min(atOnce, allPanels - firstPanel);
      if (transB) {
        transpose();
      }
      split();
      run(chunks * groups, multiplyTask, taskFlops() / TASK_FLOPS);
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

  /** Runs tasks over the threads, or here where the work is not worth their while. */
  private void run(int tasks, WorkerPool.Task task, long worth) {
    if (worth > 0) {
      pool.parallelFor(tasks, task);
      return;
    }
    for (int i = 0; i < tasks; i++) {
      task.run(i, 0);
    }
  }

  private long taskFlops() {
    return 2L * m * Math.min(n - firstPanel * PANEL, panels * PANEL) * k;
  }

  private void transpose() {
    int floats = panels * k * PANEL;
    if (transposed.length < floats) {
      transposed = new float[floats];
    }
    run(panels, transposeTask, (long) floats * PANEL / TASK_FLOPS);
  }

  private void transposePanel(int index, int worker) {
    int j = (firstPanel + index) * PANEL;
    int wide = Math.min(PANEL, n - j);
    GemmPacking.packTransposed(b, bAt + j * ldb, ldb, k, wide, transposed, index * k * PANEL);
  }

  /**
   * Splits C into tasks. Rows first, so that a thread meets the rows again that it wrote in the
   * kernel before; likewise where a transposed A is packed, so that a thread reads its own part of
   * A alone, and reads it once where there are chunks for all threads. Columns first where a
   * transposed A is read in place: M is then the extent of a weight, and a group of columns goes
   * with all rows, so that B, as long as the batch, is read once. Where B is too large for the
   * cache and rows are many, a task takes a group of panels that fits, packs it once and runs down
   * its rows.
   */
  private void split() {
    int threads = pool.threads();
    packA = transA && lda >= PACK_A_COLUMNS && m > GemmPacking.STRIP && panels > 1;
    int most = packA ? PACK_A_ROWS : Math.max(SWEEP, CHUNK_FLOATS / Math.min(k, DEPTH));
    int wanted =
        threads == 1 ? 1 : (int) Math.min(TASKS_PER_THREAD * threads, 1 + taskFlops() / TASK_FLOPS);
    if (packA) {
      chunks = (m + most - 1) / most;
      groups = Math.min(panels, (threads + chunks - 1) / chunks);
    } else if (transA) {
      groups = Math.min(panels, wanted);
      most = m;
      chunks = groups >= threads ? 1 : (wanted + groups - 1) / groups;
    } else if (m >= LONG_ROWS && (long) panels * Math.min(k, DEPTH) * PANEL > CACHED) {
      most = m;
      groups = (panels * Math.min(k, DEPTH) * PANEL + CACHED - 1) / CACHED;
      chunks = threads == 1 ? 1 : 2 * threads;
    } else {
      chunks = Math.max((m + most - 1) / most, Math.min(wanted, (m + SWEEP - 1) / SWEEP));
      if (wanted > 1) {
        chunks = (chunks + threads - 1) / threads * threads;
      }
      groups = Math.max(1, Math.min(panels, (wanted + chunks - 1) / chunks));
    }
    int rows = (m + chunks - 1) / chunks;
    int unit = GemmTiles.ROWS;
    chunkRows =
        rows < unit ? rows : Math.min((rows + unit - 1) / unit * unit, Math.max(unit, most));
    chunks = (m + chunkRows - 1) / chunkRows;
  }

  /** A chunk of rows times a group of panels. */
  private void multiplyTask(int index, int worker) {
    boolean columnsFirst = transA && !packA;
    int chunk = columnsFirst ? index % chunks : index / groups;
    int group = columnsFirst ? index / chunks : index % groups;
    int from = chunk * chunkRows;
    int to = Math.min(m, from + chunkRows);
    lanes[worker].multiply(from, to, group * panels / groups, (group + 1) * panels / groups);
  }

  /** What one thread needs for its task: memory of its own, and the block under way. */
  private final class Lane {
    /** A tile of C, for the columns past the last whole tile. */
    private final float[] edge = new float[GemmTiles.ROWS * GemmTiles.WIDTH];

    /** Panels of B of the block, {@code [depth][64]} each. */
    private float[] packed = new float[0];

    /** A chunk of a transposed A in strips of {@code [depth, 48]}. */
    private float[] chunkOfA = new float[0];

    private float[] left = ZEROS;

    /** Where row 0 of A lies, unless A is packed. */
    private int leftAt;

    /** The first row of the chunk, where A is packed. */
    private int leftRow;

    private int leftLd;
    private int blockK;
    private int depth;

    /** Rows {@code from} to {@code to} times the panels {@code first} to {@code last}. */
    void multiply(int from, int to, int first, int last) {
      int most = transA ? TRANSPOSED_DEPTH : DEPTH;
      for (blockK = 0; blockK < k; blockK += most) {
        depth = Math.min(most, k - blockK);
        takeLeft(from, to);
        boolean cached = (last - first) * depth * PANEL <= CACHED;
        int sweep = cached ? SWEEP : to - from;
        for (int i = from; i < to; i += sweep) {
          for (int p = first; p < last; p++) {
            int at = cached ? (p - first) * depth * PANEL : 0;
            multiplyPanel(i, Math.min(to, i + sweep), p, at, i == from);
          }
        }
      }
    }

    private void takeLeft(int from, int to) {
      if (!packA) {
        left = a;
        leftAt = transA ? aAt + blockK * lda : aAt + blockK;
        leftLd = lda;
        return;
      }
      int floats = GemmPacking.stripFloats(to - from, depth);
      if (chunkOfA.length < floats) {
        chunkOfA = new float[floats];
      }
      GemmPacking.packStrips(a, aAt + blockK * lda + from, lda, depth, to - from, chunkOfA);
      left = chunkOfA;
      leftRow = from;
      leftLd = GemmPacking.STRIP;
    }

    /** The row behind those that lie side by side with A's row {@code i}. */
    private int endOfLeft(int i) {
      return packA ? i + GemmPacking.STRIP - (i - leftRow) % GemmPacking.STRIP : m;
    }

    /** Where A's row {@code i} lies. */
    private int leftOf(int i) {
      if (packA) {
        int row = i - leftRow;
        int strip = row / GemmPacking.STRIP;
        return strip * depth * GemmPacking.STRIP + row % GemmPacking.STRIP;
      }
      return leftAt + i * (transA ? 1 : leftLd);
    }

    /**
     * Some rows times one panel.
     *
     * @param at where the panel lies in this thread's memory
     * @param fresh whether it is not there yet
     */
    private void multiplyPanel(int from, int to, int panel, int at, boolean fresh) {
      int j = (firstPanel + panel) * PANEL;
      int wide = Math.min(PANEL, n - j);
      int inB = bAt + blockK * ldb + j;
      if (transB) {
        multiplyColumns(from, to, transposed, (panel * k + blockK) * PANEL, PANEL, j, wide);
      } else if (inPlace && wide == PANEL) {
        multiplyColumns(from, to, b, inB, ldb, j, wide);
      } else {
        int floats = at + depth * PANEL;
        if (packed.length < floats) {
          packed = Arrays.copyOf(packed, Math.max(floats, 2 * packed.length));
        }
        int rest = from;
        if (fresh && wide == PANEL && to - from >= GemmTiles.ROWS) {
          for (int s = 0; s < PANEL; s += GemmTiles.WIDTH) {
            packingTile(from, inB + s, j + s, at + s);
          }
          rest += GemmTiles.ROWS;
        } else if (fresh) {
          GemmPacking.pack(b, inB, ldb, depth, wide, packed, at);
        }
        multiplyColumns(rest, to, packed, at, PANEL, j, wide);
      }
    }

    private void multiplyColumns(
        int from, int to, float[] source, int at, int ld, int j, int wide) {
      for (int s = 0; s < wide; s += GemmTiles.WIDTH) {
        if (s + GemmTiles.WIDTH <= wide) {
          multiplyStrip(from, to, source, at + s, ld, j + s);
        } else {
          multiplyEdge(from, to, source, at + s, ld, j + s, wide - s);
        }
      }
    }

    private boolean startsFromZero() {
      return blockK == 0 && !accumulate;
    }

    private boolean completes() {
      return bias != null && blockK + depth == k;
    }

    /** The first rows of a strip: multiplies and packs. */
    private void packingTile(int i, int inB, int j, int at) {
      boolean zero = startsFromZero();
      int to = cAt + i * ldc + j;
      GemmPackingTiles.tile(
          transA,
          left,
          leftOf(i),
          leftLd,
          b,
          inB,
          ldb,
          depth,
          zero ? ZEROS : c,
          zero ? 0 : to,
          zero ? 0 : ldc,
          c,
          to,
          ldc,
          packed,
          at);
      if (completes()) {
        addBias(c, to, ldc, GemmTiles.ROWS, GemmTiles.WIDTH, j);
      }
    }

    /** Rows {@code from} to {@code to} of the whole tiles that start at column {@code j}. */
    private void multiplyStrip(int from, int to, float[] source, int at, int ld, int j) {
      boolean zero = startsFromZero();
      boolean complete = completes();
      float[] start = zero ? ZEROS : c;
      int startAt = zero ? 0 : cAt + j;
      int lds = zero ? 0 : ldc;
      for (int i = from; i < to; ) {
        int rows = GemmTiles.rowsOfNext(Math.min(to, endOfLeft(i)) - i);
        GemmTiles.tile(
            rows,
            transA,
            left,
            leftOf(i),
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
    private void multiplyEdge(int from, int to, float[] source, int at, int ld, int j, int wide) {
      int width = GemmTiles.WIDTH;
      boolean zero = startsFromZero();
      boolean complete = completes();
      for (int i = from; i < to; ) {
        int rows = GemmTiles.rowsOfNext(Math.min(to, endOfLeft(i)) - i);
        for (int r = 0; r < rows; r++) {
          if (zero) {
            Arrays.fill(edge, r * width, r * width + wide, 0f);
          } else {
            System.arraycopy(c, cAt + (i + r) * ldc + j, edge, r * width, wide);
          }
        }
        GemmTiles.tile(
            rows, transA, left, leftOf(i), leftLd, source, at, ld, depth, edge, 0, width, edge, 0,
            width);
        if (complete) {
          addBias(edge, 0, width, rows, wide, j);
        }
        for (int r = 0; r < rows; r++) {
          System.arraycopy(edge, r * width, c, cAt + (i + r) * ldc + j, wide);
        }
        i += rows;
      }
    }
  }
}
