package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/** Host values of all operands of a case, whole or cut down to some rows or to a shorter time. */
final class Values {
  /** Relative spacing of floats: the size of one rounding, doubled. */
  static final double F32_EPSILON = 0x1p-24;

  final Shape[] shapes;
  final double[][] data;

  private Values(int operands) {
    shapes = new Shape[operands];
    data = new double[operands][];
  }

  /** All of the case; the arrays are copies. */
  static Values of(OpCase opCase) {
    List<Operand> operands = opCase.operands();
    Values values = new Values(operands.size());
    for (Operand operand : operands) {
      values.shapes[operand.number] = operand.shape;
      values.data[operand.number] = operand.values().clone();
    }
    return values;
  }

  Values copy() {
    Values copy = new Values(data.length);
    for (int i = 0; i < data.length; i++) {
      copy.shapes[i] = shapes[i];
      copy.data[i] = data[i].clone();
    }
    return copy;
  }

  /** Rows [from, to) of the operands that have rows; the rest whole. */
  Values rows(OpCase opCase, int from, int to) {
    Values part = copy();
    for (Operand operand : opCase.operands()) {
      if (operand.rowwise) {
        int i = operand.number;
        int[] dims = shapes[i].toArray();
        int rowSize = dims[0] == 0 ? 0 : data[i].length / dims[0];
        dims[0] = to - from;
        part.shapes[i] = Shape.of(dims);
        part.data[i] = Arrays.copyOfRange(data[i], from * rowSize, to * rowSize);
      }
    }
    return part;
  }

  /** The first {@code length} times of the operands that have a time axis. */
  Values firstTimes(OpCase opCase, int length) {
    Values part = copy();
    for (Operand operand : opCase.operands()) {
      if (operand.timeAxis >= 0) {
        int i = operand.number;
        int[] dims = shapes[i].toArray();
        dims[operand.timeAxis] = length;
        part.shapes[i] = Shape.of(dims);
        part.data[i] = firstTimes(data[i], shapes[i], operand.timeAxis, length);
      }
    }
    return part;
  }

  static double[] firstTimes(double[] values, Shape shape, int axis, int length) {
    int inner = 1;
    for (int a = axis + 1; a < shape.rank(); a++) {
      inner *= shape.dim(a);
    }
    int time = shape.dim(axis);
    int outer = time * inner == 0 ? 0 : values.length / (time * inner);
    double[] kept = new double[outer * length * inner];
    for (int o = 0; o < outer; o++) {
      System.arraycopy(values, o * time * inner, kept, o * length * inner, length * inner);
    }
    return kept;
  }

  /** Incoming gradients set to zero from {@code length} on, as under padding. */
  Values padded(OpCase opCase, int length) {
    Values padded = copy();
    for (Operand operand : opCase.operands()) {
      if (operand.zeroInPadding) {
        double[] kept = firstTimes(data[operand.number], operand.shape, operand.timeAxis, length);
        double[] zeroed = new double[data[operand.number].length];
        spread(kept, zeroed, operand.shape, operand.timeAxis, length);
        padded.data[operand.number] = zeroed;
      }
    }
    return padded;
  }

  private static void spread(double[] kept, double[] all, Shape shape, int axis, int length) {
    int inner = 1;
    for (int a = axis + 1; a < shape.rank(); a++) {
      inner *= shape.dim(a);
    }
    int time = shape.dim(axis);
    for (int o = 0; o * length * inner < kept.length; o++) {
      System.arraycopy(kept, o * length * inner, all, o * time * inner, length * inner);
    }
  }

  /** Every float input moved by at most one rounding of a float; zeros stay zero. */
  Values perturbed(OpCase opCase, int run) {
    Values moved = copy();
    for (Operand operand : opCase.operands()) {
      boolean old = operand.role == Operand.Role.GRADIENT && opCase.accumulate();
      boolean read = operand.isInput() || operand.role == Operand.Role.IN_OUT || old;
      if (read && operand.isFloat()) {
        double[] values = moved.data[operand.number];
        for (int i = 0; i < values.length; i++) {
          int word = (int) Philox.bits(opCase.seed(), operand.number, 99, run, i);
          values[i] *= 1 + F32_EPSILON * (2 * Philox.toUniform(word) - 1);
        }
      }
    }
    return moved;
  }
}
