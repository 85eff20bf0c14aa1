package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The operands of a case as tensors of one backend, each inside a larger one whose surplus elements
 * are guard bands: NaN for floats, {@link #INT_CANARY} for integers. A kernel that reads them gives
 * NaN or an index error, one that writes them is caught by {@link #violation}.
 */
public final class Binding implements OpCase.Tensors {
  static final int INT_CANARY = 0x5EADBEEF;

  /** Elements of guard behind each operand. */
  private static final int GUARD_AFTER = 37;

  private final OpCase opCase;
  private final Backend backend;
  private final Values values;
  private final int guard;
  private final Tensor[] whole;
  private final Tensor[] inner;
  private double returned;

  /** The whole case. */
  public Binding(OpCase opCase, Arena arena, int guard) {
    this(opCase, Values.of(opCase), arena, guard);
  }

  /**
   * @param values shapes and contents
   * @param arena where the tensors go
   * @param guard elements before each operand; not a multiple of the vector length makes every
   *     operand unaligned
   */
  Binding(OpCase opCase, Values values, Arena arena, int guard) {
    this.opCase = opCase;
    this.backend = arena.backend();
    this.values = values;
    this.guard = guard;
    int count = opCase.operands().size();
    whole = new Tensor[count];
    inner = new Tensor[count];
    for (Operand operand : opCase.operands()) {
      int i = operand.number;
      DType dtype = operand.dtype == DType.F64 ? backend.floatType() : operand.dtype;
      Shape shape = values.shapes[i];
      int size = guard + Math.toIntExact(shape.size()) + GUARD_AFTER;
      whole[i] = arena.tensor(dtype, size);
      inner[i] = whole[i].view(guard, shape).named(operand.name());
    }
  }

  @Override
  public @Nullable Tensor maybe(@Nullable Operand operand) {
    return operand == null ? null : inner[operand.number];
  }

  /** Writes contents and guards, then runs what the case wants done before the call. */
  public void load() {
    for (Operand operand : opCase.operands()) {
      double[] data = values.data[operand.number];
      if (operand.dtype == DType.I32) {
        writeInts(whole[operand.number], data);
      } else {
        writeFloats(whole[operand.number], data);
      }
    }
    if (opCase.beforeCall() != null) {
      opCase.beforeCall().run(backend, this);
    }
  }

  private void writeFloats(Tensor t, double[] data) {
    double[] all = new double[Math.toIntExact(t.size())];
    java.util.Arrays.fill(all, Double.NaN);
    System.arraycopy(data, 0, all, guard, data.length);
    backend.write(t, all, 0);
  }

  private void writeInts(Tensor t, double[] data) {
    int[] all = new int[Math.toIntExact(t.size())];
    java.util.Arrays.fill(all, INT_CANARY);
    for (int i = 0; i < data.length; i++) {
      all[guard + i] = (int) data[i];
    }
    backend.write(t, all, 0);
  }

  /** The kernel alone; allocates nothing itself. */
  public void call() {
    returned = opCase.invoke(backend, this);
  }

  /** Loads and calls; the outputs by operand number, others null. */
  double[][] run() {
    load();
    call();
    return outputs();
  }

  /** What a kernel with a result for the host returned. */
  double returned() {
    return returned;
  }

  double[][] outputs() {
    if (opCase.afterCall() != null) {
      opCase.afterCall().run(backend, this);
    }
    double[][] outputs = new double[whole.length][];
    for (Operand operand : opCase.operands()) {
      if (operand.isOutput()) {
        outputs[operand.number] = read(inner[operand.number]);
      }
    }
    return outputs;
  }

  private static double[] read(Tensor t) {
    if (t.dtype() != DType.I32) {
      return t.toDoubles();
    }
    int[] ints = t.toInts();
    double[] values = new double[ints.length];
    for (int i = 0; i < ints.length; i++) {
      values[i] = ints[i];
    }
    return values;
  }

  /** Says which operand was written where the kernel may not, or null. */
  @Nullable String violation() {
    for (Operand operand : opCase.operands()) {
      double[] all = read(whole[operand.number]);
      double[] data = values.data[operand.number];
      double canary = operand.dtype == DType.I32 ? INT_CANARY : Double.NaN;
      for (int i = 0; i < all.length; i++) {
        boolean inside = i >= guard && i < guard + data.length;
        if (!inside && !sameBits(all[i], canary)) {
          return "wrote " + all[i] + " outside of " + operand + " at element " + (i - guard);
        }
        if (inside && operand.isInput() && !sameBits(all[i], rounded(operand, data[i - guard]))) {
          return "changed its input " + operand + " at element " + (i - guard);
        }
      }
    }
    return null;
  }

  private static double rounded(Operand operand, double value) {
    return operand.dtype == DType.BF16
        ? dev.anechoic.tensor.BFloat16.toFloat(
            dev.anechoic.tensor.BFloat16.fromFloat((float) value))
        : value;
  }

  static boolean sameBits(double a, double b) {
    return Double.doubleToLongBits(a) == Double.doubleToLongBits(b);
  }

  /** The first difference in bits between outputs, or null. */
  static @Nullable String difference(List<Operand> operands, double[][] a, double[][] b) {
    for (Operand operand : operands) {
      String difference = difference(operand, a[operand.number], b[operand.number]);
      if (difference != null) {
        return difference;
      }
    }
    return null;
  }

  /** The first difference in bits between two results of an operand, or null. */
  static @Nullable String difference(
      Operand operand, double @Nullable [] a, double @Nullable [] b) {
    if (a == null || b == null) {
      return null;
    }
    for (int i = 0; i < a.length; i++) {
      if (!sameBits(a[i], b[i])) {
        return operand.name() + "[" + i + "]: " + a[i] + " against " + b[i];
      }
    }
    return null;
  }
}
