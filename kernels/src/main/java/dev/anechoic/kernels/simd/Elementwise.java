package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/** Arithmetic of equal elements, element by element. */
final class Elementwise {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  /** Elements of a "row" of a flat tensor: what is split over threads. */
  static final int BLOCK = 2048;

  private final AddKernel add;
  private final MulKernel mul;
  private final ScaleKernel scale;
  private final FillKernel fill;

  Elementwise(WorkerPool pool) {
    add = new AddKernel(pool);
    mul = new MulKernel(pool);
    scale = new ScaleKernel(pool);
    fill = new FillKernel(pool);
  }

  static int blocks(long size) {
    return (int) ((size + BLOCK - 1) / BLOCK);
  }

  void add(Tensor a, Tensor b, Tensor out) {
    add.a.set(a);
    add.b.set(b);
    add.out.set(out);
    add.columns = (int) b.size();
    if (a.size() == 0) {
      return;
    }
    if (a.size() == b.size()) {
      add.repeats = false;
      add.size = (int) a.size();
      add.start(blocks(a.size()), BLOCK);
    } else {
      add.repeats = true;
      add.start((int) (a.size() / b.size()), b.size());
    }
  }

  void mul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    mul.a.set(a);
    mul.b.set(b);
    mul.out.set(out);
    mul.accumulate = accumulate;
    mul.size = (int) a.size();
    mul.start(blocks(a.size()), BLOCK);
  }

  void mulBackward(
      Tensor a,
      Tensor b,
      Tensor dOut,
      @Nullable Tensor dA,
      boolean accumulateA,
      @Nullable Tensor dB,
      boolean accumulateB) {
    if (dA != null) {
      mul(dOut, b, dA, accumulateA);
    }
    if (dB != null) {
      mul(dOut, a, dB, accumulateB);
    }
  }

  void scale(Tensor x, double factor, Tensor out, boolean accumulate) {
    scale.x.set(x);
    scale.out.set(out);
    scale.factor = (float) factor;
    scale.accumulate = accumulate;
    scale.size = (int) x.size();
    scale.start(blocks(x.size()), BLOCK);
  }

  void fill(Tensor x, float value) {
    fill.x.set(x);
    fill.value = value;
    fill.size = (int) x.size();
    fill.start(blocks(x.size()), BLOCK / 2);
  }

  // ---- runs of elements ---------------------------------------------------------------------

  /** {@code out = a + b}. */
  static void add(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int n) {
    int i = 0;
    for (; i + V <= n; i += V) {
      FloatVector.fromArray(F, a, aAt + i)
          .add(FloatVector.fromArray(F, b, bAt + i))
          .intoArray(out, outAt + i);
    }
    if (i < n) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector.fromArray(F, a, aAt + i, mask)
          .add(FloatVector.fromArray(F, b, bAt + i, mask))
          .intoArray(out, outAt + i, mask);
    }
  }

  /** {@code out (+)= a b}. */
  static void mul(
      float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int n, boolean accumulate) {
    int i = 0;
    for (; i + V <= n; i += V) {
      FloatVector p =
          FloatVector.fromArray(F, a, aAt + i).mul(FloatVector.fromArray(F, b, bAt + i));
      (accumulate ? FloatVector.fromArray(F, out, outAt + i).add(p) : p).intoArray(out, outAt + i);
    }
    if (i < n) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector p =
          FloatVector.fromArray(F, a, aAt + i, mask)
              .mul(FloatVector.fromArray(F, b, bAt + i, mask));
      (accumulate ? FloatVector.fromArray(F, out, outAt + i, mask).add(p) : p)
          .intoArray(out, outAt + i, mask);
    }
  }

  /** {@code out (+)= factor x}. */
  static void scale(
      float[] x, int xAt, float factor, float[] out, int outAt, int n, boolean accumulate) {
    int i = 0;
    for (; i + V <= n; i += V) {
      FloatVector p = FloatVector.fromArray(F, x, xAt + i).mul(factor);
      (accumulate ? FloatVector.fromArray(F, out, outAt + i).add(p) : p).intoArray(out, outAt + i);
    }
    if (i < n) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector p = FloatVector.fromArray(F, x, xAt + i, mask).mul(factor);
      (accumulate ? FloatVector.fromArray(F, out, outAt + i, mask).add(p) : p)
          .intoArray(out, outAt + i, mask);
    }
  }

  // ---- kernels ------------------------------------------------------------------------------

  private static final class AddKernel extends RowKernel {
    final Operand a = new Operand();
    final Operand b = new Operand();
    final Operand out = new Operand();
    boolean repeats;
    int columns;
    int size;

    AddKernel(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      if (repeats) {
        for (int r = from; r < to; r++) {
          int row = r * columns;
          add(a.array, a.at + row, b.array, b.at, out.array, out.at + row, columns);
        }
      } else {
        int i = from * BLOCK;
        int n = (int) Math.min(size, (long) to * BLOCK) - i;
        add(a.array, a.at + i, b.array, b.at + i, out.array, out.at + i, n);
      }
    }
  }

  private static final class MulKernel extends RowKernel {
    final Operand a = new Operand();
    final Operand b = new Operand();
    final Operand out = new Operand();
    boolean accumulate;
    int size;

    MulKernel(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      int i = from * BLOCK;
      int n = (int) Math.min(size, (long) to * BLOCK) - i;
      mul(a.array, a.at + i, b.array, b.at + i, out.array, out.at + i, n, accumulate);
    }
  }

  private static final class ScaleKernel extends RowKernel {
    final Operand x = new Operand();
    final Operand out = new Operand();
    float factor;
    boolean accumulate;
    int size;

    ScaleKernel(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      int i = from * BLOCK;
      int n = (int) Math.min(size, (long) to * BLOCK) - i;
      scale(x.array, x.at + i, factor, out.array, out.at + i, n, accumulate);
    }
  }

  private static final class FillKernel extends RowKernel {
    final Operand x = new Operand();
    float value;
    int size;

    FillKernel(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      Arrays.fill(
          x.array, x.at + from * BLOCK, x.at + (int) Math.min(size, (long) to * BLOCK), value);
    }
  }
}
