package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * Layer norm (Ba, Kiros, Hinton, 2016) and RMSNorm (Zhang, Sennrich, 2019).
 *
 * <p>Gradients of weights and biases are sums over rows: threads split the columns, and each column
 * adds its rows in order.
 */
final class NormKernels {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  private final LayerForward layerForward;
  private final LayerBackward layerBackward;
  private final RmsForward rmsForward;
  private final RmsBackward rmsBackward;
  private final ColumnGradients columnGradients;

  NormKernels(WorkerPool pool) {
    layerForward = new LayerForward(pool);
    layerBackward = new LayerBackward(pool);
    rmsForward = new RmsForward(pool);
    rmsBackward = new RmsBackward(pool);
    columnGradients = new ColumnGradients(pool);
  }

  void layerNorm(
      Tensor x,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    LayerForward k = layerForward;
    k.x.set(x);
    k.weight.setOrNone(weight);
    k.bias.setOrNone(bias);
    k.y.set(y);
    k.mean.set(mean);
    k.rstd.set(rstd);
    k.eps = (float) eps;
    k.columns = x.columns();
    k.start((int) x.rows(), 3L * x.columns());
  }

  void layerNormBackward(
      Tensor x,
      @Nullable Tensor weight,
      Tensor mean,
      Tensor rstd,
      Tensor dY,
      @Nullable Tensor dX,
      boolean accumulateX,
      @Nullable Tensor dWeight,
      boolean accumulateWeight,
      @Nullable Tensor dBias,
      boolean accumulateBias) {
    if (dX != null) {
      LayerBackward k = layerBackward;
      k.x.set(x);
      k.weight.setOrNone(weight);
      k.mean.set(mean);
      k.rstd.set(rstd);
      k.dY.set(dY);
      k.dX.set(dX);
      k.accumulate = accumulateX;
      k.columns = x.columns();
      k.start((int) x.rows(), 4L * x.columns());
    }
    columnGradients.run(x, mean, rstd, dY, dWeight, accumulateWeight, dBias, accumulateBias);
  }

  void rmsNorm(Tensor x, @Nullable Tensor weight, double eps, Tensor y, Tensor rstd) {
    RmsForward k = rmsForward;
    k.x.set(x);
    k.weight.setOrNone(weight);
    k.y.set(y);
    k.rstd.set(rstd);
    k.eps = (float) eps;
    k.columns = x.columns();
    k.start((int) x.rows(), 2L * x.columns());
  }

  void rmsNormBackward(
      Tensor x,
      @Nullable Tensor weight,
      Tensor rstd,
      Tensor dY,
      @Nullable Tensor dX,
      boolean accumulateX,
      @Nullable Tensor dWeight,
      boolean accumulateWeight) {
    if (dX != null) {
      RmsBackward k = rmsBackward;
      k.x.set(x);
      k.weight.setOrNone(weight);
      k.rstd.set(rstd);
      k.dY.set(dY);
      k.dX.set(dX);
      k.accumulate = accumulateX;
      k.columns = x.columns();
      k.start((int) x.rows(), 4L * x.columns());
    }
    columnGradients.run(x, null, rstd, dY, dWeight, accumulateWeight, null, false);
  }

  // ---- rows ---------------------------------------------------------------------------------

  /** {@code Σ (x - shift)²}. */
  static float sumSquares(float[] x, int at, int columns, float shift) {
    FloatVector sum0 = FloatVector.zero(F);
    FloatVector sum1 = sum0;
    int c = 0;
    for (; c + 2 * V <= columns; c += 2 * V) {
      FloatVector x0 = FloatVector.fromArray(F, x, at + c).sub(shift);
      FloatVector x1 = FloatVector.fromArray(F, x, at + c + V).sub(shift);
      sum0 = x0.fma(x0, sum0);
      sum1 = x1.fma(x1, sum1);
    }
    for (; c < columns; c += V) {
      VectorMask<Float> mask = F.indexInRange(c, columns);
      FloatVector tail = FloatVector.fromArray(F, x, at + c, mask).sub(shift).blend(0f, mask.not());
      sum0 = tail.fma(tail, sum0);
    }
    return VectorMath.sum(sum0.add(sum1));
  }

  /** {@code y = (x - mean) rstd weight + bias}; weight and bias where present. */
  private static void normalise(
      float[] x,
      int xAt,
      float mean,
      float rstd,
      Operand weight,
      Operand bias,
      float[] y,
      int yAt,
      int columns) {
    float[] w = weight.array;
    float[] b = bias.array;
    for (int c = 0; c < columns; c += V) {
      if (c + V <= columns) {
        FloatVector v = FloatVector.fromArray(F, x, xAt + c).sub(mean).mul(rstd);
        v = weight.present ? v.mul(FloatVector.fromArray(F, w, weight.at + c)) : v;
        v = bias.present ? v.add(FloatVector.fromArray(F, b, bias.at + c)) : v;
        v.intoArray(y, yAt + c);
      } else {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        FloatVector v = FloatVector.fromArray(F, x, xAt + c, mask).sub(mean).mul(rstd);
        v = weight.present ? v.mul(FloatVector.fromArray(F, w, weight.at + c, mask)) : v;
        v = bias.present ? v.add(FloatVector.fromArray(F, b, bias.at + c, mask)) : v;
        v.intoArray(y, yAt + c, mask);
      }
    }
  }

  /** {@code g = dY weight}, loaded under a mask. */
  private static FloatVector weighted(
      float[] dY, int at, Operand weight, int c, VectorMask<Float> mask) {
    FloatVector g = FloatVector.fromArray(F, dY, at + c, mask);
    return weight.present ? g.mul(FloatVector.fromArray(F, weight.array, weight.at + c, mask)) : g;
  }

  private static FloatVector weighted(float[] dY, int at, Operand weight, int c) {
    FloatVector g = FloatVector.fromArray(F, dY, at + c);
    return weight.present ? g.mul(FloatVector.fromArray(F, weight.array, weight.at + c)) : g;
  }

  /** {@code Σ dY weight}. */
  private static float sumWeighted(float[] dY, int at, Operand weight, int columns) {
    FloatVector sum0 = FloatVector.zero(F);
    FloatVector sum1 = sum0;
    int c = 0;
    for (; c + 2 * V <= columns; c += 2 * V) {
      sum0 = sum0.add(weighted(dY, at, weight, c));
      sum1 = sum1.add(weighted(dY, at, weight, c + V));
    }
    for (; c < columns; c += V) {
      sum0 = sum0.add(weighted(dY, at, weight, c, F.indexInRange(c, columns)));
    }
    return VectorMath.sum(sum0.add(sum1));
  }

  /** {@code Σ dY weight (x - mean)}. */
  private static float dotWeighted(
      float[] dY, int at, Operand weight, float[] x, int xAt, float mean, int columns) {
    FloatVector sum0 = FloatVector.zero(F);
    FloatVector sum1 = sum0;
    int c = 0;
    for (; c + 2 * V <= columns; c += 2 * V) {
      FloatVector x0 = FloatVector.fromArray(F, x, xAt + c).sub(mean);
      FloatVector x1 = FloatVector.fromArray(F, x, xAt + c + V).sub(mean);
      sum0 = weighted(dY, at, weight, c).fma(x0, sum0);
      sum1 = weighted(dY, at, weight, c + V).fma(x1, sum1);
    }
    for (; c < columns; c += V) {
      VectorMask<Float> mask = F.indexInRange(c, columns);
      FloatVector centred =
          FloatVector.fromArray(F, x, xAt + c, mask).sub(mean).blend(0f, mask.not());
      sum0 = weighted(dY, at, weight, c, mask).fma(centred, sum0);
    }
    return VectorMath.sum(sum0.add(sum1));
  }

  /** {@code dX (+)= rstd (dY weight - meanG - (x - mean) rstd meanGXhat)}. */
  private static void gradient(
      float[] dY,
      int dYAt,
      Operand weight,
      float[] x,
      int xAt,
      float mean,
      float rstd,
      float meanG,
      float meanGXhat,
      float[] dX,
      int dXAt,
      int columns,
      boolean accumulate) {
    for (int c = 0; c < columns; c += V) {
      if (c + V <= columns) {
        FloatVector xhat = FloatVector.fromArray(F, x, xAt + c).sub(mean).mul(rstd);
        FloatVector g = weighted(dY, dYAt, weight, c).sub(meanG);
        FloatVector d = g.sub(xhat.mul(meanGXhat)).mul(rstd);
        (accumulate ? FloatVector.fromArray(F, dX, dXAt + c).add(d) : d).intoArray(dX, dXAt + c);
      } else {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        FloatVector xhat = FloatVector.fromArray(F, x, xAt + c, mask).sub(mean).mul(rstd);
        FloatVector g = weighted(dY, dYAt, weight, c, mask).sub(meanG);
        FloatVector d = g.sub(xhat.mul(meanGXhat)).mul(rstd);
        (accumulate ? FloatVector.fromArray(F, dX, dXAt + c, mask).add(d) : d)
            .intoArray(dX, dXAt + c, mask);
      }
    }
  }

  // ---- kernels ------------------------------------------------------------------------------

  private static final class LayerForward extends RowKernel {
    final Operand x = new Operand();
    final Operand weight = new Operand();
    final Operand bias = new Operand();
    final Operand y = new Operand();
    final Operand mean = new Operand();
    final Operand rstd = new Operand();
    float eps;
    int columns;

    LayerForward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int r = from; r < to; r++) {
        int xAt = x.at + r * columns;
        float m = SoftmaxKernels.sum(x.array, xAt, columns) / columns;
        float variance = sumSquares(x.array, xAt, columns, m) / columns;
        float s = (float) (1 / Math.sqrt((double) variance + eps));
        normalise(x.array, xAt, m, s, weight, bias, y.array, y.at + r * columns, columns);
        mean.array[mean.at + r] = m;
        rstd.array[rstd.at + r] = s;
      }
    }
  }

  /** {@code dX (+)= rstd (g - mean(g) - xhat mean(g xhat))}, g = dY weight. */
  private static final class LayerBackward extends RowKernel {
    final Operand x = new Operand();
    final Operand weight = new Operand();
    final Operand mean = new Operand();
    final Operand rstd = new Operand();
    final Operand dY = new Operand();
    final Operand dX = new Operand();
    boolean accumulate;
    int columns;

    LayerBackward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int r = from; r < to; r++) {
        int xAt = x.at + r * columns;
        int dYAt = dY.at + r * columns;
        float m = mean.array[mean.at + r];
        float s = rstd.array[rstd.at + r];
        float meanG = sumWeighted(dY.array, dYAt, weight, columns) / columns;
        float meanGXhat =
            dotWeighted(dY.array, dYAt, weight, x.array, xAt, m, columns) * s / columns;
        gradient(
            dY.array,
            dYAt,
            weight,
            x.array,
            xAt,
            m,
            s,
            meanG,
            meanGXhat,
            dX.array,
            dX.at + r * columns,
            columns,
            accumulate);
      }
    }
  }

  private static final class RmsForward extends RowKernel {
    final Operand x = new Operand();
    final Operand weight = new Operand();
    final Operand none = new Operand();
    final Operand y = new Operand();
    final Operand rstd = new Operand();
    float eps;
    int columns;

    RmsForward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int r = from; r < to; r++) {
        int xAt = x.at + r * columns;
        float meanSquare = sumSquares(x.array, xAt, columns, 0) / columns;
        float s = (float) (1 / Math.sqrt((double) meanSquare + eps));
        normalise(x.array, xAt, 0, s, weight, none, y.array, y.at + r * columns, columns);
        rstd.array[rstd.at + r] = s;
      }
    }
  }

  /** {@code dX (+)= rstd (g - xhat mean(g xhat))}, g = dY weight, xhat = x rstd. */
  private static final class RmsBackward extends RowKernel {
    final Operand x = new Operand();
    final Operand weight = new Operand();
    final Operand rstd = new Operand();
    final Operand dY = new Operand();
    final Operand dX = new Operand();
    boolean accumulate;
    int columns;

    RmsBackward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int r = from; r < to; r++) {
        int xAt = x.at + r * columns;
        int dYAt = dY.at + r * columns;
        float s = rstd.array[rstd.at + r];
        float meanGXhat =
            dotWeighted(dY.array, dYAt, weight, x.array, xAt, 0, columns) * s / columns;
        gradient(
            dY.array,
            dYAt,
            weight,
            x.array,
            xAt,
            0,
            s,
            0,
            meanGXhat,
            dX.array,
            dX.at + r * columns,
            columns,
            accumulate);
      }
    }
  }

  /** {@code dWeight (+)= Σ_r dY xhat; dBias (+)= Σ_r dY}; its rows are vectors of columns. */
  private static final class ColumnGradients extends RowKernel {
    private final Operand x = new Operand();
    private final Operand mean = new Operand();
    private final Operand rstd = new Operand();
    private final Operand dY = new Operand();
    private final Operand dWeight = new Operand();
    private final Operand dBias = new Operand();
    private boolean accumulateWeight;
    private boolean accumulateBias;
    private int rows;
    private int columns;

    ColumnGradients(WorkerPool pool) {
      super(pool);
    }

    void run(
        Tensor x,
        @Nullable Tensor mean,
        Tensor rstd,
        Tensor dY,
        @Nullable Tensor dWeight,
        boolean accumulateWeight,
        @Nullable Tensor dBias,
        boolean accumulateBias) {
      if (dWeight == null && dBias == null) {
        return;
      }
      this.x.set(x);
      this.mean.setOrNone(mean);
      this.rstd.set(rstd);
      this.dY.set(dY);
      this.dWeight.setOrNone(dWeight);
      this.dBias.setOrNone(dBias);
      this.accumulateWeight = accumulateWeight;
      this.accumulateBias = accumulateBias;
      rows = (int) x.rows();
      columns = x.columns();
      start((columns + V - 1) / V, (long) rows * V);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int c = from * V; c < to * V && c < columns; c += V) {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        if (dWeight.present) {
          put(dWeight, c, sumWeight(c, mask), accumulateWeight, mask);
        }
        if (dBias.present) {
          FloatVector sum = SumKernels.columnSum(dY.array, dY.at + c, columns, rows, mask);
          put(dBias, c, sum, accumulateBias, mask);
        }
      }
    }

    private FloatVector sumWeight(int c, VectorMask<Float> mask) {
      return sumWeight(
          x.array,
          x.at + c,
          dY.array,
          dY.at + c,
          mean.present ? mean : null,
          rstd.array,
          rstd.at,
          rows,
          columns,
          mask);
    }

    private static FloatVector sumWeight(
        float[] x,
        int xAt,
        float[] dY,
        int dYAt,
        @Nullable Operand mean,
        float[] rstd,
        int rstdAt,
        int rows,
        int columns,
        VectorMask<Float> mask) {
      FloatVector sum = FloatVector.zero(F);
      for (int r = 0; r < rows; r++) {
        float shift = mean == null ? 0 : mean.array[mean.at + r];
        FloatVector xhat =
            FloatVector.fromArray(F, x, xAt + r * columns, mask).sub(shift).mul(rstd[rstdAt + r]);
        sum = FloatVector.fromArray(F, dY, dYAt + r * columns, mask).fma(xhat, sum);
      }
      return sum;
    }

    private static void put(
        Operand out, int c, FloatVector sum, boolean accumulate, VectorMask<Float> mask) {
      FloatVector old = FloatVector.fromArray(F, out.array, out.at + c, mask);
      (accumulate ? old.add(sum) : sum).intoArray(out.array, out.at + c, mask);
    }
  }
}
