package dev.anechoic.kernels.simd;

import static jdk.incubator.vector.VectorOperators.EQ;

import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
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

  private static final FloatVector ONE = FloatVector.broadcast(F, 1f);

  // ---- element by element -------------------------------------------------------------------

  /**
   * {@code out (+)= f(x, d)}, in blocks of elements whose exponentials pass through scratch from
   * one loop to the next.
   */
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
      RowScratch s = scratch(worker, Elementwise.BLOCK);
      for (int b = from; b < to; b++) {
        int i = b * Elementwise.BLOCK;
        block(i, Math.min(Elementwise.BLOCK, size - i), s);
      }
    }

    private void block(int i, int n, RowScratch s) {
      int whole = Lanes.whole(n);
      map(x.array, x.at + i, d.array, d.at + i, out.array, out.at + i, whole, accumulate, s.p);
      if (whole < n) {
        float[] ends = s.ends;
        int left = n - whole;
        System.arraycopy(x.array, x.at + i + whole, ends, 0, left);
        System.arraycopy(d.array, d.at + i + whole, ends, V, left);
        System.arraycopy(out.array, out.at + i + whole, ends, 2 * V, left);
        map(ends, 0, ends, V, ends, 2 * V, V, accumulate, s.p);
        System.arraycopy(ends, 2 * V, out.array, out.at + i + whole, left);
      }
    }

    /** Maps n elements, a multiple of the vector's length; e is scratch. */
    abstract void map(
        float[] x,
        int xAt,
        float[] d,
        int dAt,
        float[] out,
        int outAt,
        int n,
        boolean accumulate,
        float[] e);
  }

  /** {@code y = x / (1 + e^-2z)}: half of 1 + tanh z is the sigmoid of 2 z. */
  private static final class Gelu extends Map {
    Gelu(WorkerPool pool) {
      super(pool);
    }

    @Override
    void map(
        float[] x,
        int xAt,
        float[] d,
        int dAt,
        float[] out,
        int outAt,
        int n,
        boolean accumulate,
        float[] e) {
      geluExp(x, xAt, e, n);
      for (int i = 0; i < n; i += V) {
        FloatVector.fromArray(F, x, xAt + i)
            .div(FloatVector.fromArray(F, e, i).add(ONE))
            .intoArray(out, outAt + i);
      }
    }

    /** {@code e = e^-2z}, z the argument of the tanh. */
    static void geluExp(float[] x, int xAt, float[] e, int n) {
      for (int i = 0; i < n; i += V) {
        FloatVector v = FloatVector.fromArray(F, x, xAt + i);
        v.mul(-GELU_SCALE).mul(v.mul(v).fma(GELU_CUBIC, 1f)).intoArray(e, i);
      }
      VectorMath.exp(e, 0, 1, e, 0, n);
    }
  }

  /** {@code dX (+)= dY (s + x s (1 - s) 2z')}, s the sigmoid of 2 z. */
  private static final class GeluBackward extends Map {
    GeluBackward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void map(
        float[] x,
        int xAt,
        float[] d,
        int dAt,
        float[] out,
        int outAt,
        int n,
        boolean accumulate,
        float[] e) {
      Gelu.geluExp(x, xAt, e, n);
      for (int i = 0; i < n; i += V) {
        FloatVector v = FloatVector.fromArray(F, x, xAt + i);
        FloatVector power = FloatVector.fromArray(F, e, i);
        FloatVector s = ONE.div(power.add(ONE));
        // 1 - s without cancellation; where e is infinite it would be infinity times 0.
        FloatVector rest = power.mul(s).blend(1f, power.compare(EQ, Float.POSITIVE_INFINITY));
        FloatVector inner = v.mul(v).fma(3 * GELU_CUBIC, 1f).min(HUGE);
        FloatVector slope = v.mul(s).mul(rest).fma(inner.mul(GELU_SCALE), s);
        FloatVector g = slope.mul(FloatVector.fromArray(F, d, dAt + i));
        (accumulate ? FloatVector.fromArray(F, out, outAt + i).add(g) : g)
            .intoArray(out, outAt + i);
      }
    }
  }

  /** {@code y = x s}, s the sigmoid of x. */
  private static final class Silu extends Map {
    Silu(WorkerPool pool) {
      super(pool);
    }

    @Override
    void map(
        float[] x,
        int xAt,
        float[] d,
        int dAt,
        float[] out,
        int outAt,
        int n,
        boolean accumulate,
        float[] e) {
      VectorMath.exp(x, xAt, -1, e, 0, n);
      for (int i = 0; i < n; i += V) {
        FloatVector s = ONE.div(FloatVector.fromArray(F, e, i).add(ONE));
        FloatVector.fromArray(F, x, xAt + i).mul(s).intoArray(out, outAt + i);
      }
    }
  }

  /** {@code dX (+)= dY s (1 + x (1 - s))}, s the sigmoid of x. */
  private static final class SiluBackward extends Map {
    SiluBackward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void map(
        float[] x,
        int xAt,
        float[] d,
        int dAt,
        float[] out,
        int outAt,
        int n,
        boolean accumulate,
        float[] e) {
      VectorMath.exp(x, xAt, -1, e, 0, n);
      for (int i = 0; i < n; i += V) {
        FloatVector s = ONE.div(FloatVector.fromArray(F, e, i).add(ONE));
        FloatVector slope = s.mul(FloatVector.fromArray(F, x, xAt + i).fma(ONE.sub(s), ONE));
        FloatVector g = slope.mul(FloatVector.fromArray(F, d, dAt + i));
        (accumulate ? FloatVector.fromArray(F, out, outAt + i).add(g) : g)
            .intoArray(out, outAt + i);
      }
    }
  }

  // ---- rows ---------------------------------------------------------------------------------

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
      RowScratch s = scratch(worker, columns);
      for (int r = from; r < to; r++) {
        row(x.at + 2 * r * columns, y.at + r * columns, s);
      }
    }

    private void row(int gate, int yAt, RowScratch s) {
      int up = gate + columns;
      int whole = Lanes.whole(columns);
      gate(x.array, gate, up, y.array, yAt, whole, s.p);
      if (whole < columns) {
        int left = columns - whole;
        System.arraycopy(x.array, gate + whole, s.ends, 0, left);
        System.arraycopy(x.array, up + whole, s.ends, V, left);
        gate(s.ends, 0, V, s.ends, 2 * V, V, s.p);
        System.arraycopy(s.ends, 2 * V, y.array, yAt + whole, left);
      }
    }

    private static void gate(float[] x, int gate, int up, float[] y, int yAt, int n, float[] e) {
      VectorMath.exp(x, gate, -1, e, 0, n);
      for (int c = 0; c < n; c += V) {
        FloatVector s = ONE.div(FloatVector.fromArray(F, e, c).add(ONE));
        FloatVector.fromArray(F, x, gate + c)
            .mul(s)
            .mul(FloatVector.fromArray(F, x, up + c))
            .intoArray(y, yAt + c);
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
      RowScratch s = scratch(worker, columns);
      for (int r = from; r < to; r++) {
        row(2 * r * columns, dY.at + r * columns, s);
      }
    }

    private void row(int at, int dYAt, RowScratch s) {
      int gate = x.at + at;
      int up = gate + columns;
      int dGate = dX.at + at;
      int dUp = dGate + columns;
      int whole = Lanes.whole(columns);
      gradient(x.array, gate, up, dY.array, dYAt, dX.array, dGate, dUp, whole, accumulate, s.p);
      if (whole < columns) {
        float[] ends = s.ends;
        int left = columns - whole;
        System.arraycopy(x.array, gate + whole, ends, 0, left);
        System.arraycopy(x.array, up + whole, ends, V, left);
        System.arraycopy(dY.array, dYAt + whole, ends, 2 * V, left);
        System.arraycopy(dX.array, dGate + whole, ends, 3 * V, left);
        System.arraycopy(dX.array, dUp + whole, ends, 4 * V, left);
        gradient(ends, 0, V, ends, 2 * V, ends, 3 * V, 4 * V, V, accumulate, s.p);
        System.arraycopy(ends, 3 * V, dX.array, dGate + whole, left);
        System.arraycopy(ends, 4 * V, dX.array, dUp + whole, left);
      }
    }

    private static void gradient(
        float[] x,
        int gate,
        int up,
        float[] dY,
        int dYAt,
        float[] dX,
        int dGate,
        int dUp,
        int n,
        boolean accumulate,
        float[] e) {
      VectorMath.exp(x, gate, -1, e, 0, n);
      for (int c = 0; c < n; c += V) {
        FloatVector g = FloatVector.fromArray(F, x, gate + c);
        FloatVector d = FloatVector.fromArray(F, dY, dYAt + c);
        FloatVector s = ONE.div(FloatVector.fromArray(F, e, c).add(ONE));
        FloatVector slope = s.mul(g.fma(ONE.sub(s), ONE));
        FloatVector forGate = d.mul(FloatVector.fromArray(F, x, up + c)).mul(slope);
        FloatVector forUp = d.mul(g.mul(s));
        if (accumulate) {
          forGate = FloatVector.fromArray(F, dX, dGate + c).add(forGate);
          forUp = FloatVector.fromArray(F, dX, dUp + c).add(forUp);
        }
        forGate.intoArray(dX, dGate + c);
        forUp.intoArray(dX, dUp + c);
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
