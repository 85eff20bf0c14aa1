package dev.anechoic.kernels.simd;

import dev.anechoic.kernels.heap.HeapBuffer;
import dev.anechoic.tensor.Tensor;
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
    acrossRows.x.set(x);
    acrossRows.out.set(out);
    acrossRows.accumulate = accumulate;
    acrossRows.rows = (int) x.rows();
    acrossRows.columns = x.columns();
    acrossRows.start((x.columns() + V - 1) / V, x.rows() * V);
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

  /** Sum over rows of one vector of columns, each lane a chain in order of the rows. */
  static FloatVector columnSum(float[] x, int at, int stride, int rows, VectorMask<Float> mask) {
    FloatVector sum = FloatVector.zero(F);
    for (int r = 0; r < rows; r++) {
      sum = sum.add(FloatVector.fromArray(F, x, at + r * stride, mask));
    }
    return sum;
  }

  /** {@code out[c] (+)= Σ_r x[r,c]}; its rows are vectors of columns. */
  private static final class AcrossRows extends RowKernel {
    final Operand x = new Operand();
    final Operand out = new Operand();
    boolean accumulate;
    int rows;
    int columns;

    AcrossRows(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int c = from * V; c < to * V && c < columns; c += V) {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        FloatVector sum = columnSum(x.array, x.at + c, columns, rows, mask);
        FloatVector old = FloatVector.fromArray(F, out.array, out.at + c, mask);
        (accumulate ? old.add(sum) : sum).intoArray(out.array, out.at + c, mask);
      }
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
      for (int r = from; r < to; r++) {
        out.array[out.at + r] = factor * SoftmaxKernels.sum(x.array, x.at + r * columns, columns);
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
      for (int i = from; i < to; i++) {
        int n = Math.min(CHUNK, size - i * CHUNK);
        partial[i] = NormKernels.sumSquares(x.array, x.at + i * CHUNK, n, 0);
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
