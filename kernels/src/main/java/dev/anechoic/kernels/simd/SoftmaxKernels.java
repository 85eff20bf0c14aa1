package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** Softmax and log-softmax along rows, and the row sums that the losses share. */
final class SoftmaxKernels {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  private final Forward forward;
  private final Backward backward;
  private final LogForward logForward;
  private final LogBackward logBackward;

  SoftmaxKernels(WorkerPool pool) {
    forward = new Forward(pool);
    backward = new Backward(pool);
    logForward = new LogForward(pool);
    logBackward = new LogBackward(pool);
  }

  void softmax(Tensor x, Tensor y) {
    forward.x.set(x);
    forward.y.set(y);
    forward.columns = x.columns();
    forward.start((int) x.rows(), 4L * x.columns());
  }

  void softmaxBackward(Tensor y, Tensor dY, Tensor dX, boolean accumulate) {
    backward.y.set(y);
    backward.dY.set(dY);
    backward.dX.set(dX);
    backward.columns = y.columns();
    backward.accumulate = accumulate;
    backward.start((int) y.rows(), 3L * y.columns());
  }

  void logSoftmax(Tensor x, Tensor y) {
    logForward.x.set(x);
    logForward.y.set(y);
    logForward.columns = x.columns();
    logForward.start((int) x.rows(), 4L * x.columns());
  }

  void logSoftmaxBackward(Tensor y, Tensor dY, Tensor dX, boolean accumulate) {
    logBackward.y.set(y);
    logBackward.dY.set(dY);
    logBackward.dX.set(dX);
    logBackward.columns = y.columns();
    logBackward.accumulate = accumulate;
    logBackward.start((int) y.rows(), 4L * y.columns());
  }

  // ---- rows ---------------------------------------------------------------------------------

  /** Largest element, NaN left aside; of no elements, minus infinity. */
  private static float max(float[] x, int at, int columns, float[] lanes) {
    FloatVector max0 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    FloatVector max1 = max0;
    int c = 0;
    for (; c + 2 * V <= columns; c += 2 * V) {
      max0 = FloatVector.fromArray(F, x, at + c).max(max0);
      max1 = FloatVector.fromArray(F, x, at + c + V).max(max1);
    }
    max0 = max0.max(max1);
    for (; c < columns; c += V) {
      VectorMask<Float> mask = F.indexInRange(c, columns);
      FloatVector tail = FloatVector.fromArray(F, x, at + c, mask);
      max0 = tail.blend(Float.NEGATIVE_INFINITY, mask.not()).max(max0);
    }
    max0.intoArray(lanes, V);
    return VectorMath.max(lanes);
  }

  /**
   * Largest element, NaN left aside, of a row that no other row announced. By way of the loop that
   * all rows go through: a loop called once per task would be compiled without a profile, with an
   * object for every vector.
   */
  static float firstMax(float[] x, int at, int columns, RowScratch s) {
    expSum(x, at, columns, 0, at, s);
    return s.maxAhead;
  }

  /**
   * {@code s.p = exp(x - shift)} of a row none of whose elements is above the shift but by
   * rounding, 0 up to a whole vector; returns the sum: lanes first, then halves folded. x may be
   * s.p.
   */
  static float expSum(float[] x, int at, int columns, float shift, RowScratch s) {
    return expSum(x, at, columns, shift, at, s);
  }

  /**
   * As {@link #expSum(float[], int, int, float, RowScratch)}; meanwhile reads the row at {@code
   * ahead} from memory, for {@code s.maxAhead}: its largest element, NaN left aside.
   */
  static float expSum(float[] x, int at, int columns, float shift, int ahead, RowScratch s) {
    FloatVector.zero(F).intoArray(s.lanes, 0);
    FloatVector.broadcast(F, Float.NEGATIVE_INFINITY).intoArray(s.lanes, V);
    int whole = columns - columns % VectorMath.PAIR;
    VectorMath.expAdd(x, at, shift, s.p, 0, whole, ahead, s.lanes);
    if (whole < columns) {
      int aheadEnd = whole + VectorMath.PAIR;
      copyEnd(x, at + whole, s.p, whole, columns - whole);
      copyEnd(x, ahead + whole, s.p, aheadEnd, columns - whole);
      VectorMath.expAdd(s.p, whole, shift, s.p, whole, VectorMath.PAIR, aheadEnd, s.lanes);
    }
    s.maxAhead = VectorMath.max(s.lanes);
    return VectorMath.sum(s.lanes);
  }

  /**
   * {@code y = factor exp(x - shift)} of a row none of whose elements is above the shift but by
   * rounding: the bits that {@link #expSum} gives, times the factor.
   */
  static void expScale(
      float[] x, int at, int columns, float shift, float factor, float[] y, int yAt, RowScratch s) {
    int whole = columns - columns % VectorMath.PAIR;
    VectorMath.expScale(x, at, shift, factor, y, yAt, whole);
    if (whole < columns) {
      copyEnd(x, at + whole, s.p, 0, columns - whole);
      VectorMath.expScale(s.p, 0, shift, factor, s.p, 0, VectorMath.PAIR);
      System.arraycopy(s.p, 0, y, yAt + whole, columns - whole);
    }
  }

  /** {@code exp(x - shift)} of one element: the bits that {@link #expSum} gives. */
  static float expOf(float x, float shift, RowScratch s) {
    Arrays.fill(s.p, 0, VectorMath.PAIR, x);
    VectorMath.expScale(s.p, 0, shift, 1, s.p, 0, VectorMath.PAIR);
    return s.p[0];
  }

  /** A row's last elements, and minus infinity up to whole vectors. */
  private static void copyEnd(float[] x, int at, float[] to, int toAt, int n) {
    System.arraycopy(x, at, to, toAt, n);
    Arrays.fill(to, toAt + n, toAt + VectorMath.PAIR, Float.NEGATIVE_INFINITY);
  }

  /** {@code y = x / temperature}. */
  static void divide(float[] x, int at, int columns, float temperature, float[] y) {
    int whole = Lanes.whole(columns);
    for (int c = 0; c < whole; c += V) {
      FloatVector.fromArray(F, x, at + c).div(temperature).intoArray(y, c);
    }
    for (int c = whole; c < columns; c++) {
      y[c] = x[at + c] / temperature;
    }
  }

  /** {@code ln Σ exp(x/temperature)} of one row; leaves {@code s.p = exp(x/temperature - max)}. */
  static float logSumExp(float[] x, int at, int columns, float temperature, RowScratch s) {
    float[] row = x;
    int rowAt = at;
    if (temperature != 1) {
      divide(x, at, columns, temperature, s.p);
      row = s.p;
      rowAt = 0;
    }
    float max = max(row, rowAt, columns, s.lanes);
    return plusLog(max, expSum(row, rowAt, columns, max, s));
  }

  /** {@code max + ln sum}, rounded once. */
  static float plusLog(float max, float sum) {
    return (float) (max + StrictMath.log(sum));
  }

  /** {@code Σ a b}. */
  static float dot(float[] a, int aAt, float[] b, int bAt, int columns) {
    FloatVector sum0 = FloatVector.zero(F);
    FloatVector sum1 = sum0;
    int c = 0;
    for (; c + 2 * V <= columns; c += 2 * V) {
      sum0 = FloatVector.fromArray(F, a, aAt + c).fma(FloatVector.fromArray(F, b, bAt + c), sum0);
      sum1 =
          FloatVector.fromArray(F, a, aAt + c + V)
              .fma(FloatVector.fromArray(F, b, bAt + c + V), sum1);
    }
    for (; c < columns; c += V) {
      VectorMask<Float> mask = F.indexInRange(c, columns);
      FloatVector tail = FloatVector.fromArray(F, a, aAt + c, mask);
      sum0 = tail.fma(FloatVector.fromArray(F, b, bAt + c, mask), sum0);
    }
    return VectorMath.sum(sum0.add(sum1));
  }

  /** {@code Σ x}. */
  static float sum(float[] x, int at, int columns, float[] lanes) {
    FloatVector sum0 = FloatVector.zero(F);
    FloatVector sum1 = sum0;
    int c = 0;
    for (; c + 2 * V <= columns; c += 2 * V) {
      sum0 = FloatVector.fromArray(F, x, at + c).add(sum0);
      sum1 = FloatVector.fromArray(F, x, at + c + V).add(sum1);
    }
    for (; c < columns; c += V) {
      sum0 = FloatVector.fromArray(F, x, at + c, F.indexInRange(c, columns)).add(sum0);
    }
    sum0.add(sum1).intoArray(lanes, 0);
    return VectorMath.sum(lanes);
  }

  // ---- kernels ------------------------------------------------------------------------------

  /** {@code y = exp(x - max) / Σ exp(x - max)}. */
  private static final class Forward extends RowKernel {
    final Operand x = new Operand();
    final Operand y = new Operand();
    int columns;

    Forward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      RowScratch s = scratch(worker, columns);
      float max = firstMax(x.array, x.at + from * columns, columns, s);
      for (int r = from; r < to; r++) {
        int xAt = x.at + r * columns;
        int yAt = y.at + r * columns;
        int ahead = r + 1 < to ? xAt + columns : xAt;
        float sum = expSum(x.array, xAt, columns, max, ahead, s);
        max = s.maxAhead;
        Elementwise.scale(s.p, 0, 1 / sum, y.array, yAt, columns, false);
      }
    }
  }

  /** {@code dX (+)= y (dY - Σ dY y)}. */
  private static final class Backward extends RowKernel {
    final Operand y = new Operand();
    final Operand dY = new Operand();
    final Operand dX = new Operand();
    int columns;
    boolean accumulate;

    Backward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int r = from; r < to; r++) {
        int row = r * columns;
        float dot = dot(dY.array, dY.at + row, y.array, y.at + row, columns);
        gradient(
            y.array,
            y.at + row,
            dY.array,
            dY.at + row,
            dot,
            dX.array,
            dX.at + row,
            columns,
            accumulate);
      }
    }

    private static void gradient(
        float[] y,
        int yAt,
        float[] dY,
        int dYAt,
        float dot,
        float[] dX,
        int dXAt,
        int columns,
        boolean accumulate) {
      int c = 0;
      for (; c + V <= columns; c += V) {
        FloatVector d =
            FloatVector.fromArray(F, y, yAt + c)
                .mul(FloatVector.fromArray(F, dY, dYAt + c).sub(dot));
        (accumulate ? FloatVector.fromArray(F, dX, dXAt + c).add(d) : d).intoArray(dX, dXAt + c);
      }
      if (c < columns) {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        FloatVector d =
            FloatVector.fromArray(F, y, yAt + c, mask)
                .mul(FloatVector.fromArray(F, dY, dYAt + c, mask).sub(dot));
        (accumulate ? FloatVector.fromArray(F, dX, dXAt + c, mask).add(d) : d)
            .intoArray(dX, dXAt + c, mask);
      }
    }
  }

  /** {@code y = x - max - ln Σ exp(x - max)}. */
  private static final class LogForward extends RowKernel {
    final Operand x = new Operand();
    final Operand y = new Operand();
    int columns;

    LogForward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      RowScratch s = scratch(worker, columns);
      float max = firstMax(x.array, x.at + from * columns, columns, s);
      for (int r = from; r < to; r++) {
        int xAt = x.at + r * columns;
        int ahead = r + 1 < to ? xAt + columns : xAt;
        float logSum = (float) StrictMath.log(expSum(x.array, xAt, columns, max, ahead, s));
        shift(x.array, xAt, max, logSum, y.array, y.at + r * columns, columns);
        max = s.maxAhead;
      }
    }

    private static void shift(
        float[] x, int xAt, float max, float logSum, float[] y, int yAt, int columns) {
      int c = 0;
      for (; c + V <= columns; c += V) {
        FloatVector.fromArray(F, x, xAt + c).sub(max).sub(logSum).intoArray(y, yAt + c);
      }
      if (c < columns) {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        FloatVector.fromArray(F, x, xAt + c, mask).sub(max).sub(logSum).intoArray(y, yAt + c, mask);
      }
    }
  }

  /** {@code dX (+)= dY - exp(y) Σ dY}. */
  private static final class LogBackward extends RowKernel {
    final Operand y = new Operand();
    final Operand dY = new Operand();
    final Operand dX = new Operand();
    int columns;
    boolean accumulate;

    LogBackward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      RowScratch s = scratch(worker, columns);
      for (int r = from; r < to; r++) {
        int row = r * columns;
        float sum = sum(dY.array, dY.at + row, columns, s.lanes);
        expSum(y.array, y.at + row, columns, 0, s);
        gradient(dY.array, dY.at + row, s.p, sum, dX.array, dX.at + row, columns, accumulate);
      }
    }

    private static void gradient(
        float[] dY,
        int dYAt,
        float[] p,
        float sum,
        float[] dX,
        int dXAt,
        int columns,
        boolean accumulate) {
      int c = 0;
      for (; c + V <= columns; c += V) {
        FloatVector d =
            FloatVector.fromArray(F, dY, dYAt + c).sub(FloatVector.fromArray(F, p, c).mul(sum));
        (accumulate ? FloatVector.fromArray(F, dX, dXAt + c).add(d) : d).intoArray(dX, dXAt + c);
      }
      if (c < columns) {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        FloatVector d =
            FloatVector.fromArray(F, dY, dYAt + c, mask)
                .sub(FloatVector.fromArray(F, p, c).mul(sum));
        (accumulate ? FloatVector.fromArray(F, dX, dXAt + c, mask).add(d) : d)
            .intoArray(dX, dXAt + c, mask);
      }
    }
  }
}
