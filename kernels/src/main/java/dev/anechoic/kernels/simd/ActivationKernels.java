package dev.anechoic.kernels.simd;

import static jdk.incubator.vector.VectorOperators.EQ;

import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** GELU in its tanh form, SiLU, SwiGLU and dropout. */
final class ActivationKernels {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  /** 2 sqrt(2/π): half of 1 + tanh(z) is the sigmoid of 2 z. */
  private static final float GELU_SCALE = (float) (2 * Math.sqrt(2 / Math.PI));

  /** Cubic coefficient of the tanh form; Hendrycks and Gimpel (2016). */
  private static final float GELU_CUBIC = 0.044715f;

  /** Keeps 0 times the cube's slope from becoming 0 times infinity. */
  private static final float HUGE = 1e38f;

  /** Visits of memory that an exponential and a division cost. */
  private static final int COST = 4;

  private final Gelu gelu;
  private final GeluBackward geluBackward;
  private final Silu silu;
  private final SiluBackward siluBackward;
  private final SwiGlu swiGlu;
  private final SwiGluBackward swiGluBackward;
  private final Dropout dropout;

  ActivationKernels(WorkerPool pool) {
    gelu = new Gelu(pool);
    geluBackward = new GeluBackward(pool);
    silu = new Silu(pool);
    siluBackward = new SiluBackward(pool);
    swiGlu = new SwiGlu(pool);
    swiGluBackward = new SwiGluBackward(pool);
    dropout = new Dropout(pool);
  }

  void gelu(Tensor x, Tensor y) {
    gelu.map(x, x, y, false);
  }

  void geluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate) {
    geluBackward.map(x, dY, dX, accumulate);
  }

  void silu(Tensor x, Tensor y) {
    silu.map(x, x, y, false);
  }

  void siluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate) {
    siluBackward.map(x, dY, dX, accumulate);
  }

  void swiglu(Tensor x, Tensor y) {
    swiGlu.x.set(x);
    swiGlu.y.set(y);
    swiGlu.columns = y.columns();
    swiGlu.start((int) y.rows(), (long) COST * y.columns());
  }

  void swigluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate) {
    swiGluBackward.x.set(x);
    swiGluBackward.dY.set(dY);
    swiGluBackward.dX.set(dX);
    swiGluBackward.columns = dY.columns();
    swiGluBackward.accumulate = accumulate;
    swiGluBackward.start((int) dY.rows(), (long) COST * dY.columns());
  }

  void dropout(Tensor x, double p, long seed, int stream, int step, Tensor y, boolean accumulate) {
    Dropout k = dropout;
    k.x.set(x);
    k.y.set(y);
    k.p = (float) p;
    k.kept = (float) (1 - p);
    k.seed = seed;
    k.stream = stream;
    k.step = step;
    k.accumulate = accumulate;
    k.columns = x.columns();
    k.start((int) x.rows(), 8L * x.columns());
  }

  // ---- functions of a vector ----------------------------------------------------------------

  private static final FloatVector ONE = FloatVector.broadcast(F, 1f);

  /** {@code e^-2z}, z the argument of the tanh: the sigmoid of 2 z is 1 / (1 + e^-2z). */
  private static FloatVector geluExp(FloatVector x) {
    FloatVector cubic = x.mul(x).fma(FloatVector.broadcast(F, GELU_CUBIC), ONE);
    return VectorMath.exp(x.mul(-GELU_SCALE).mul(cubic));
  }

  static FloatVector geluOf(FloatVector x) {
    return x.div(geluExp(x).add(ONE));
  }

  /** {@code s + x s (1 - s) 2z'} with s the sigmoid of 2 z. */
  static FloatVector geluSlope(FloatVector x) {
    FloatVector e = geluExp(x);
    FloatVector s = ONE.div(e.add(ONE));
    // 1 - s without cancellation; where e is infinite it would be infinity times 0.
    FloatVector rest = e.mul(s).blend(1f, e.compare(EQ, Float.POSITIVE_INFINITY));
    FloatVector inner = x.mul(x).fma(FloatVector.broadcast(F, 3 * GELU_CUBIC), ONE).min(HUGE);
    return x.mul(s).mul(rest).fma(inner.mul(GELU_SCALE), s);
  }

  static FloatVector siluOf(FloatVector x) {
    return x.mul(VectorMath.sigmoid(x));
  }

  static FloatVector siluSlope(FloatVector x, FloatVector sigmoid) {
    return sigmoid.mul(x.fma(ONE.sub(sigmoid), ONE));
  }

  // ---- kernels ------------------------------------------------------------------------------

  /** {@code out (+)= f(x, d)}, element by element. */
  private abstract static class Map extends RowKernel {
    private final Operand x = new Operand();
    private final Operand d = new Operand();
    private final Operand out = new Operand();
    private boolean accumulate;
    private int size;

    Map(WorkerPool pool) {
      super(pool);
    }

    final void map(Tensor x, Tensor d, Tensor out, boolean accumulate) {
      this.x.set(x);
      this.d.set(d);
      this.out.set(out);
      this.accumulate = accumulate;
      size = (int) x.size();
      start(Elementwise.blocks(size), (long) COST * Elementwise.BLOCK);
    }

    @Override
    final void rows(int from, int to, int worker) {
      int i = from * Elementwise.BLOCK;
      int n = (int) Math.min(size, (long) to * Elementwise.BLOCK) - i;
      map(x.array, x.at + i, d.array, d.at + i, out.array, out.at + i, n, accumulate);
    }

    abstract void map(
        float[] x, int xAt, float[] d, int dAt, float[] out, int outAt, int n, boolean accumulate);
  }

  private static final class Gelu extends Map {
    Gelu(WorkerPool pool) {
      super(pool);
    }

    @Override
    void map(
        float[] x, int xAt, float[] d, int dAt, float[] out, int outAt, int n, boolean accumulate) {
      int i = 0;
      for (; i + V <= n; i += V) {
        geluOf(FloatVector.fromArray(F, x, xAt + i)).intoArray(out, outAt + i);
      }
      if (i < n) {
        VectorMask<Float> mask = F.indexInRange(i, n);
        geluOf(FloatVector.fromArray(F, x, xAt + i, mask)).intoArray(out, outAt + i, mask);
      }
    }
  }

  private static final class GeluBackward extends Map {
    GeluBackward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void map(
        float[] x, int xAt, float[] d, int dAt, float[] out, int outAt, int n, boolean accumulate) {
      for (int i = 0; i < n; i += V) {
        VectorMask<Float> mask = F.indexInRange(i, n);
        FloatVector g =
            geluSlope(FloatVector.fromArray(F, x, xAt + i, mask))
                .mul(FloatVector.fromArray(F, d, dAt + i, mask));
        (accumulate ? FloatVector.fromArray(F, out, outAt + i, mask).add(g) : g)
            .intoArray(out, outAt + i, mask);
      }
    }
  }

  private static final class Silu extends Map {
    Silu(WorkerPool pool) {
      super(pool);
    }

    @Override
    void map(
        float[] x, int xAt, float[] d, int dAt, float[] out, int outAt, int n, boolean accumulate) {
      int i = 0;
      for (; i + V <= n; i += V) {
        siluOf(FloatVector.fromArray(F, x, xAt + i)).intoArray(out, outAt + i);
      }
      if (i < n) {
        VectorMask<Float> mask = F.indexInRange(i, n);
        siluOf(FloatVector.fromArray(F, x, xAt + i, mask)).intoArray(out, outAt + i, mask);
      }
    }
  }

  private static final class SiluBackward extends Map {
    SiluBackward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void map(
        float[] x, int xAt, float[] d, int dAt, float[] out, int outAt, int n, boolean accumulate) {
      for (int i = 0; i < n; i += V) {
        VectorMask<Float> mask = F.indexInRange(i, n);
        FloatVector v = FloatVector.fromArray(F, x, xAt + i, mask);
        FloatVector g =
            siluSlope(v, VectorMath.sigmoid(v)).mul(FloatVector.fromArray(F, d, dAt + i, mask));
        (accumulate ? FloatVector.fromArray(F, out, outAt + i, mask).add(g) : g)
            .intoArray(out, outAt + i, mask);
      }
    }
  }

  /** {@code y = silu(gate) up}, x [R,2F] = gate | up. */
  private static final class SwiGlu extends RowKernel {
    final Operand x = new Operand();
    final Operand y = new Operand();
    int columns;

    SwiGlu(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int r = from; r < to; r++) {
        gate(x.array, x.at + 2 * r * columns, y.array, y.at + r * columns, columns);
      }
    }

    private static void gate(float[] x, int gate, float[] y, int yAt, int columns) {
      int up = gate + columns;
      int c = 0;
      for (; c + V <= columns; c += V) {
        siluOf(FloatVector.fromArray(F, x, gate + c))
            .mul(FloatVector.fromArray(F, x, up + c))
            .intoArray(y, yAt + c);
      }
      if (c < columns) {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        siluOf(FloatVector.fromArray(F, x, gate + c, mask))
            .mul(FloatVector.fromArray(F, x, up + c, mask))
            .intoArray(y, yAt + c, mask);
      }
    }
  }

  /** {@code dGate (+)= dY up silu'(gate); dUp (+)= dY silu(gate)}. */
  private static final class SwiGluBackward extends RowKernel {
    final Operand x = new Operand();
    final Operand dY = new Operand();
    final Operand dX = new Operand();
    boolean accumulate;
    int columns;

    SwiGluBackward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int r = from; r < to; r++) {
        int row = 2 * r * columns;
        gradient(
            x.array,
            x.at + row,
            dY.array,
            dY.at + r * columns,
            dX.array,
            dX.at + row,
            columns,
            accumulate);
      }
    }

    private static void gradient(
        float[] x,
        int gate,
        float[] dY,
        int dYAt,
        float[] dX,
        int dGate,
        int columns,
        boolean accumulate) {
      int up = gate + columns;
      int dUp = dGate + columns;
      for (int c = 0; c < columns; c += V) {
        VectorMask<Float> mask = F.indexInRange(c, columns);
        FloatVector g = FloatVector.fromArray(F, x, gate + c, mask);
        FloatVector d = FloatVector.fromArray(F, dY, dYAt + c, mask);
        FloatVector s = VectorMath.sigmoid(g);
        FloatVector forGate = d.mul(FloatVector.fromArray(F, x, up + c, mask)).mul(siluSlope(g, s));
        FloatVector forUp = d.mul(g.mul(s));
        if (accumulate) {
          forGate = FloatVector.fromArray(F, dX, dGate + c, mask).add(forGate);
          forUp = FloatVector.fromArray(F, dX, dUp + c, mask).add(forUp);
        }
        forGate.intoArray(dX, dGate + c, mask);
        forUp.intoArray(dX, dUp + c, mask);
      }
    }
  }

  /** {@code y (+)= x m / (1 - p)}; one block of random words serves four columns. */
  private static final class Dropout extends RowKernel {
    final Operand x = new Operand();
    final Operand y = new Operand();
    private final int[][] words;
    float p;
    float kept;
    long seed;
    int stream;
    int step;
    boolean accumulate;
    int columns;

    Dropout(WorkerPool pool) {
      super(pool);
      words = new int[pool.threads()][4];
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int r = from; r < to; r++) {
        row(r, words[worker]);
      }
    }

    private void row(int r, int[] block) {
      int xAt = x.at + r * columns;
      int yAt = y.at + r * columns;
      for (int c = 0; c < columns; c++) {
        if (c % 4 == 0) {
          Philox.block(seed, stream, step, r, c / 4, block);
        }
        boolean keeps = Philox.toUniform(block[c % 4]) >= p;
        float value = keeps ? x.array[xAt + c] / kept : 0;
        y.array[yAt + c] = accumulate ? y.array[yAt + c] + value : value;
      }
    }
  }
}
