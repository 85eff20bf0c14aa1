package dev.anechoic.kernels.simd;

import dev.anechoic.kernels.heap.HeapBuffer;
import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** Sums along and across rows, and the sum of squares of a whole tensor. */
final class SumKernels {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  /** Elements whose squares make one partial sum, whatever the number of threads. */
  private static final int CHUNK = 8192;

  private final AcrossRows acrossRows;
  private final AlongRows alongRows;
  private final Spread spread;
  private final Squares squares;
  private final NotFinite notFinite;

  SumKernels(WorkerPool pool) {
    acrossRows = new AcrossRows(pool);
    alongRows = new AlongRows(pool);
    spread = new Spread(pool);
    squares = new Squares(pool);
    notFinite = new NotFinite(pool);
  }

  void sumRows(Tensor x, Tensor out, boolean accumulate) {
    acrossRows.run(x, out, accumulate);
  }

  void sumColumns(Tensor x, double factor, Tensor out) {
    alongRows.x.set(x);
    alongRows.out.set(out);
    alongRows.factor = (float) factor;
    alongRows.columns = x.columns();
    alongRows.start((int) x.rows(), x.columns());
  }

  void sumColumnsBackward(Tensor dOut, double factor, Tensor dX, boolean accumulate) {
    spread.dOut.set(dOut);
    spread.dX.set(dX);
    spread.factor = (float) factor;
    spread.accumulate = accumulate;
    spread.columns = dX.columns();
    spread.start((int) dX.rows(), dX.columns());
  }

  void sumSquares(Tensor x, Tensor out, boolean accumulate) {
    double sum = squares.sum(x);
    float[] to = HeapBuffer.floats(out);
    int at = HeapBuffer.at(out);
    to[at] = (float) (accumulate ? to[at] + sum : sum);
  }

  long countNotFinite(Tensor x) {
    return notFinite.count(x);
  }

  /**
   * {@code out (+)= Σ_b sums[b]}, blocks in order; {@code sums} [blocks, columns] is overwritten.
   * Does nothing where out is absent.
   */
  static void addBlocks(
      float[] sums, int at, int blocks, int columns, Operand out, boolean accumulate) {
    if (!out.present) {
      return;
    }
    for (int b = 1; b < blocks; b++) {
      Elementwise.add(sums, at, sums, at + b * columns, sums, at, columns);
    }
    if (blocks == 0) {
      if (!accumulate) {
        Arrays.fill(out.array, out.at, out.at + columns, 0f);
      }
    } else {
      put(sums, at, out, 0, columns, accumulate);
    }
  }

  /** {@code out[to..] (+)= sums[at..]}. */
  private static void put(float[] sums, int at, Operand out, int to, int n, boolean accumulate) {
    if (accumulate) {
      Elementwise.add(out.array, out.at + to, sums, at, out.array, out.at + to, n);
    } else {
      System.arraycopy(sums, at, out.array, out.at + to, n);
    }
  }

  /**
   * {@code out[c] (+)= Σ_r x[r,c]}, each column one chain in order of the rows. Its rows are strips
   * of columns, one per thread: the wider a strip, the more of the memory it passes it reads.
   */
  private static final class AcrossRows extends RowKernel {
    private final Operand x = new Operand();
    private final Operand out = new Operand();
    private final int threads;
    private boolean accumulate;
    private int rows;
    private int columns;
    private int strip;
    private float[] sums = {};

    AcrossRows(WorkerPool pool) {
      super(pool);
      threads = pool.threads();
    }

    void run(Tensor x, Tensor out, boolean accumulate) {
      this.x.set(x);
      this.out.set(out);
      this.accumulate = accumulate;
      rows = (int) x.rows();
      columns = x.columns();
      if (sums.length < columns) {
        sums = new float[columns];
      }
      strip = Lanes.whole((columns + threads - 1) / threads + V - 1);
      start((columns + strip - 1) / strip, (long) rows * strip);
    }

    @Override
    void rows(int from, int to, int worker) {
      int c = from * strip;
      int n = Math.min(columns, to * strip) - c;
      Arrays.fill(sums, c, c + n, 0f);
      for (int r = 0; r < rows; r++) {
        Elementwise.add(sums, c, x.array, x.at + r * columns + c, sums, c, n);
      }
      put(sums, c, out, c, n, accumulate);
    }
  }

  /** {@code out[r] = factor Σ_c x[r,c]}. */
  private static final class AlongRows extends RowKernel {
    final Operand x = new Operand();
    final Operand out = new Operand();
    float factor;
    int columns;

    AlongRows(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      float[] lanes = scratch(worker, 0).lanes;
      for (int r = from; r < to; r++) {
        float sum = SoftmaxKernels.sum(x.array, x.at + r * columns, columns, lanes);
        out.array[out.at + r] = factor * sum;
      }
    }
  }

  /** {@code dX[r,c] (+)= factor dOut[r]}. */
  private static final class Spread extends RowKernel {
    final Operand dOut = new Operand();
    final Operand dX = new Operand();
    float factor;
    boolean accumulate;
    int columns;

    Spread(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int r = from; r < to; r++) {
        addConstant(
            dX.array, dX.at + r * columns, columns, factor * dOut.array[dOut.at + r], accumulate);
      }
    }

    private static void addConstant(
        float[] x, int at, int columns, float value, boolean accumulate) {
      for (int c = 0; c < columns; c += V) {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        FloatVector d = FloatVector.broadcast(F, value);
        (accumulate ? FloatVector.fromArray(F, x, at + c, mask).add(d) : d)
            .intoArray(x, at + c, mask);
      }
    }
  }

  /** Partial sums of squares of chunks of fixed size, added in order in double. */
  private static final class Squares extends RowKernel {
    private final Operand x = new Operand();
    private int size;
    private float[] partial = new float[16];

    Squares(WorkerPool pool) {
      super(pool);
    }

    double sum(Tensor tensor) {
      x.set(tensor);
      size = (int) tensor.size();
      int chunks = (size + CHUNK - 1) / CHUNK;
      if (partial.length < chunks) {
        partial = new float[chunks];
      }
      start(chunks, CHUNK);
      double sum = 0;
      for (int i = 0; i < chunks; i++) {
        sum += partial[i];
      }
      return sum;
    }

    @Override
    void rows(int from, int to, int worker) {
      float[] lanes = scratch(worker, 0).lanes;
      for (int i = from; i < to; i++) {
        int n = Math.min(CHUNK, size - i * CHUNK);
        partial[i] = NormKernels.sumSquares(x.array, x.at + i * CHUNK, n, 0, lanes);
      }
    }
  }

  /** Counts NaN and infinities: the elements whose exponent has all bits set. */
  private static final class NotFinite extends RowKernel {
    private final Operand x = new Operand();
    private int size;
    private int[] partial = new int[16];

    NotFinite(WorkerPool pool) {
      super(pool);
    }

    long count(Tensor tensor) {
      x.set(tensor);
      size = (int) tensor.size();
      int chunks = (size + CHUNK - 1) / CHUNK;
      if (partial.length < chunks) {
        partial = new int[chunks];
      }
      start(chunks, CHUNK);
      long count = 0;
      for (int i = 0; i < chunks; i++) {
        count += partial[i];
      }
      return count;
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int i = from; i < to; i++) {
        int n = Math.min(CHUNK, size - i * CHUNK);
        partial[i] = count(x.array, x.at + i * CHUNK, n);
      }
    }

    private static int count(float[] x, int at, int n) {
      int count = 0;
      for (int i = 0; i < n; i++) {
        count += Float.isFinite(x[at + i]) ? 0 : 1;
      }
      return count;
    }
  }
}
