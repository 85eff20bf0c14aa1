package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * Layer norm (Ba, Kiros, Hinton, 2016) and RMSNorm (Zhang, Sennrich, 2019).
 *
 * <p>Gradients of weights and biases are sums over rows. They are formed in the pass that forms dX,
 * so that memory is read once: rows are cut into blocks of {@value #BLOCK}, whatever the number of
 * threads, each block adds its rows in order, and the blocks' sums are then added in order.
 */
final class NormKernels {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  /** Rows whose contributions to a weight's gradient make one partial sum. */
  private static final int BLOCK = 64;

  private final LayerForward layerForward;
  private final Backward layerBackward;
  private final RmsForward rmsForward;
  private final Backward rmsBackward;

  NormKernels(WorkerPool pool) {
    layerForward = new LayerForward(pool);
    layerBackward = new Backward(pool);
    rmsForward = new RmsForward(pool);
    rmsBackward = new Backward(pool);
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
    layerBackward.run(
        x,
        weight,
        mean,
        rstd,
        dY,
        dX,
        accumulateX,
        dWeight,
        accumulateWeight,
        dBias,
        accumulateBias);
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
    rmsBackward.run(
        x, weight, null, rstd, dY, dX, accumulateX, dWeight, accumulateWeight, null, false);
  }

  // ---- rows ---------------------------------------------------------------------------------

  /** {@code Σ (x - shift)²}. */
  static float sumSquares(float[] x, int at, int columns, float shift, float[] lanes) {
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
    sum0.add(sum1).intoArray(lanes, 0);
    return VectorMath.sum(lanes);
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

  /** {@code lanes = (Σ g, Σ g (x - mean))}, the bits of either sum alone. */
  private static void sums(
      float[] g, int gAt, float[] x, int xAt, float mean, int columns, float[] lanes) {
    FloatVector sum0 = FloatVector.zero(F);
    FloatVector sum1 = sum0;
    FloatVector dot0 = sum0;
    FloatVector dot1 = sum0;
    int c = 0;
    for (; c + 2 * V <= columns; c += 2 * V) {
      FloatVector g0 = FloatVector.fromArray(F, g, gAt + c);
      FloatVector g1 = FloatVector.fromArray(F, g, gAt + c + V);
      sum0 = g0.add(sum0);
      sum1 = g1.add(sum1);
      dot0 = g0.fma(FloatVector.fromArray(F, x, xAt + c).sub(mean), dot0);
      dot1 = g1.fma(FloatVector.fromArray(F, x, xAt + c + V).sub(mean), dot1);
    }
    for (; c < columns; c += V) {
      VectorMask<Float> mask = F.indexInRange(c, columns);
      FloatVector centred =
          FloatVector.fromArray(F, x, xAt + c, mask).sub(mean).blend(0f, mask.not());
      FloatVector g0 = FloatVector.fromArray(F, g, gAt + c, mask);
      sum0 = g0.add(sum0);
      dot0 = g0.fma(centred, dot0);
    }
    sum0.add(sum1).intoArray(lanes, 0);
    float sum = VectorMath.sum(lanes);
    dot0.add(dot1).intoArray(lanes, 0);
    lanes[1] = VectorMath.sum(lanes);
    lanes[0] = sum;
  }

  /** {@code dX (+)= rstd (g - meanG - (x - mean) rstd meanGXhat)}. */
  private static void gradient(
      float[] g,
      int gAt,
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
    int c = 0;
    for (; c + V <= columns; c += V) {
      FloatVector xhat = FloatVector.fromArray(F, x, xAt + c).sub(mean).mul(rstd);
      FloatVector centred = FloatVector.fromArray(F, g, gAt + c).sub(meanG);
      FloatVector d = centred.sub(xhat.mul(meanGXhat)).mul(rstd);
      (accumulate ? FloatVector.fromArray(F, dX, dXAt + c).add(d) : d).intoArray(dX, dXAt + c);
    }
    if (c < columns) {
      VectorMask<Float> mask = F.indexInRange(c, columns);
      FloatVector xhat = FloatVector.fromArray(F, x, xAt + c, mask).sub(mean).mul(rstd);
      FloatVector centred = FloatVector.fromArray(F, g, gAt + c, mask).sub(meanG);
      FloatVector d = centred.sub(xhat.mul(meanGXhat)).mul(rstd);
      (accumulate ? FloatVector.fromArray(F, dX, dXAt + c, mask).add(d) : d)
          .intoArray(dX, dXAt + c, mask);
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
      float[] lanes = scratch(worker, 0).lanes;
      for (int r = from; r < to; r++) {
        int xAt = x.at + r * columns;
        float m = SoftmaxKernels.sum(x.array, xAt, columns, lanes) / columns;
        float variance = sumSquares(x.array, xAt, columns, m, lanes) / columns;
        float s = (float) (1 / Math.sqrt((double) variance + eps));
        normalise(x.array, xAt, m, s, weight, bias, y.array, y.at + r * columns, columns);
        mean.array[mean.at + r] = m;
        rstd.array[rstd.at + r] = s;
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
      float[] lanes = scratch(worker, 0).lanes;
      for (int r = from; r < to; r++) {
        int xAt = x.at + r * columns;
        float meanSquare = sumSquares(x.array, xAt, columns, 0, lanes) / columns;
        float s = (float) (1 / Math.sqrt((double) meanSquare + eps));
        normalise(x.array, xAt, 0, s, weight, none, y.array, y.at + r * columns, columns);
        rstd.array[rstd.at + r] = s;
      }
    }
  }

  /**
   * {@code dX (+)= rstd (g - mean(g) - xhat mean(g xhat))}, g = dY weight; {@code dWeight (+)= Σ_r
   * dY xhat; dBias (+)= Σ_r dY}. RMSNorm is the same with a mean of 0 and without mean(g). Its rows
   * are blocks of rows.
   */
  private static final class Backward extends RowKernel {
    private final Operand x = new Operand();
    private final Operand weight = new Operand();
    private final Operand mean = new Operand();
    private final Operand rstd = new Operand();
    private final Operand dY = new Operand();
    private final Operand dX = new Operand();
    private final Operand dWeight = new Operand();
    private final Operand dBias = new Operand();
    private boolean accumulate;
    private int rows;
    private int columns;
    private int blocks;

    /** For dWeight a row of sums per block, and behind all of them the same for dBias. */
    private float[] partial = {};

    Backward(WorkerPool pool) {
      super(pool);
    }

    void run(
        Tensor x,
        @Nullable Tensor weight,
        @Nullable Tensor mean,
        Tensor rstd,
        Tensor dY,
        @Nullable Tensor dX,
        boolean accumulateX,
        @Nullable Tensor dWeight,
        boolean accumulateWeight,
        @Nullable Tensor dBias,
        boolean accumulateBias) {
      this.x.set(x);
      this.weight.setOrNone(weight);
      this.mean.setOrNone(mean);
      this.rstd.set(rstd);
      this.dY.set(dY);
      this.dX.setOrNone(dX);
      this.dWeight.setOrNone(dWeight);
      this.dBias.setOrNone(dBias);
      accumulate = accumulateX;
      rows = (int) x.rows();
      columns = x.columns();
      blocks = (rows + BLOCK - 1) / BLOCK;
      if ((dWeight != null || dBias != null) && partial.length < 2 * blocks * columns) {
        partial = new float[2 * blocks * columns];
      }
      start(blocks, 4L * BLOCK * columns);
      SumKernels.addBlocks(partial, 0, blocks, columns, this.dWeight, accumulateWeight);
      SumKernels.addBlocks(partial, blocks * columns, blocks, columns, this.dBias, accumulateBias);
    }

    @Override
    void rows(int from, int to, int worker) {
      RowScratch s = scratch(worker, columns);
      for (int b = from; b < to; b++) {
        int last = Math.min(rows, (b + 1) * BLOCK);
        int weightAt = b * columns;
        int biasAt = (blocks + b) * columns;
        if (dWeight.present) {
          Arrays.fill(partial, weightAt, weightAt + columns, 0f);
        }
        if (dBias.present) {
          Arrays.fill(partial, biasAt, biasAt + columns, 0f);
        }
        for (int r = b * BLOCK; r < last; r++) {
          row(r, weightAt, biasAt, s);
        }
      }
    }

    private void row(int r, int weightAt, int biasAt, RowScratch s) {
      int xAt = x.at + r * columns;
      int dYAt = dY.at + r * columns;
      float m = mean.present ? mean.array[mean.at + r] : 0;
      float rstdOfRow = rstd.array[rstd.at + r];
      if (dX.present) {
        float[] g = dY.array;
        int gAt = dYAt;
        if (weight.present) {
          g = s.p;
          gAt = 0;
          Elementwise.mul(dY.array, dYAt, weight.array, weight.at, g, 0, columns, false);
        }
        float[] sums = s.lanes;
        sums(g, gAt, x.array, xAt, m, columns, sums);
        float meanG = mean.present ? sums[0] / columns : 0;
        float meanGXhat = sums[1] * rstdOfRow / columns;
        int dXAt = dX.at + r * columns;
        gradient(
            g,
            gAt,
            x.array,
            xAt,
            m,
            rstdOfRow,
            meanG,
            meanGXhat,
            dX.array,
            dXAt,
            columns,
            accumulate);
      }
      if (dWeight.present) {
        addProducts(dY.array, dYAt, x.array, xAt, m, rstdOfRow, partial, weightAt, columns);
      }
      if (dBias.present) {
        Elementwise.add(partial, biasAt, dY.array, dYAt, partial, biasAt, columns);
      }
    }

    /** {@code out += dY (x - mean) rstd}. */
    private static void addProducts(
        float[] dY,
        int dYAt,
        float[] x,
        int xAt,
        float mean,
        float rstd,
        float[] out,
        int outAt,
        int columns) {
      int c = 0;
      for (; c + V <= columns; c += V) {
        FloatVector xhat = FloatVector.fromArray(F, x, xAt + c).sub(mean).mul(rstd);
        FloatVector.fromArray(F, dY, dYAt + c)
            .fma(xhat, FloatVector.fromArray(F, out, outAt + c))
            .intoArray(out, outAt + c);
      }
      if (c < columns) {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        FloatVector xhat = FloatVector.fromArray(F, x, xAt + c, mask).sub(mean).mul(rstd);
        FloatVector.fromArray(F, dY, dYAt + c, mask)
            .fma(xhat, FloatVector.fromArray(F, out, outAt + c, mask))
            .intoArray(out, outAt + c, mask);
      }
    }
  }
}
