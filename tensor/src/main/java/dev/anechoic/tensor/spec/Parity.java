package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Arena;
import org.jspecify.annotations.Nullable;

/**
 * How far a backend may be from the reference.
 *
 * <p>Errors are counted in units that adapt to how well-conditioned each element is: one float
 * rounding of the exact result (2^-24 of it) and of the largest intermediate that the case says it
 * carries, plus what the exact result moves by when every input is moved by up to one float
 * rounding (root mean square over {@link #PERTURBATIONS} runs of the reference). A backend must
 * stay within {@link #limit} units in each case, and over all cases of an op within twice the worst
 * of the naive float loops; see {@link Conformance}.
 */
final class Parity {
  private static final int PERTURBATIONS = 4;

  /** Share of the operand's typical sensitivity below which no element's may fall. */
  private static final double SENSITIVITY_FLOOR = 0.1;

  private final OpCase opCase;
  private final Values values;
  private final double[][] exact;
  private final double[][] units;
  private final double returned;
  private final boolean[] skipped;

  Parity(OpCase opCase, Arena referenceArena) {
    this.opCase = opCase;
    this.values = Values.of(opCase);
    Binding binding = new Binding(opCase, values, referenceArena, 0);
    exact = binding.run();
    returned = binding.returned();
    units = new double[exact.length][];
    skipped = new boolean[opCase.rowCount()];
    for (int row = 0; row < skipped.length; row++) {
      skipped[row] = opCase.isUndecided(values.data, row);
    }
    referenceArena.reset();
    measureSensitivity(referenceArena);
  }

  /** The reference's outputs. */
  double[][] exact() {
    return exact;
  }

  private void measureSensitivity(Arena referenceArena) {
    double[][] squares = new double[exact.length][];
    for (int run = 0; run < PERTURBATIONS; run++) {
      double[][] moved =
          new Binding(opCase, values.perturbed(opCase, run), referenceArena, 0).run();
      referenceArena.reset();
      for (int o = 0; o < exact.length; o++) {
        if (exact[o] == null) {
          continue;
        }
        squares[o] = squares[o] == null ? new double[exact[o].length] : squares[o];
        for (int i = 0; i < exact[o].length; i++) {
          double change = moved[o][i] - exact[o][i];
          squares[o][i] += Double.isFinite(change) ? change * change : 0;
        }
      }
    }
    for (int o = 0; o < exact.length; o++) {
      if (exact[o] != null) {
        units[o] = units(opCase.operands().get(o), exact[o], squares[o]);
      }
    }
  }

  private double[] units(Operand operand, double[] exact, double[] squares) {
    double sum = 0;
    for (double square : squares) {
      sum += square / PERTURBATIONS;
    }
    double floor = SENSITIVITY_FLOOR * Math.sqrt(sum / Math.max(1, squares.length));
    double[] units = new double[exact.length];
    for (int i = 0; i < exact.length; i++) {
      double magnitude = Math.abs(exact[i]) + opCase.carried(values.data, operand, i);
      double rounding = Double.isFinite(magnitude) ? Values.F32_EPSILON * magnitude : 0;
      units[i] = Float.MIN_NORMAL + rounding + floor + Math.sqrt(squares[i] / PERTURBATIONS);
    }
    return units;
  }

  /** Units allowed in one case: rounding errors of a sum grow like the root of its length. */
  double limit() {
    return 16 + 4 * Math.sqrt(opCase.reduction());
  }

  /** Largest error of the outputs in units; infinite where one is NaN and the other is not. */
  double worst(double[][] outputs) {
    double worst = 0;
    for (Operand operand : opCase.operands()) {
      if (operand.isOutput()) {
        for (int i = 0; i < operand.size(); i++) {
          worst = Math.max(worst, error(operand, outputs[operand.number], i));
        }
      }
    }
    return worst;
  }

  /** What differs most, for a message. */
  @Nullable String complaint(double[][] outputs, double limit) {
    for (Operand operand : opCase.operands()) {
      if (operand.isOutput()) {
        double[] got = outputs[operand.number];
        for (int i = 0; i < operand.size(); i++) {
          if (!(error(operand, got, i) <= limit)) {
            return "%s[%d] is %.9g, the reference has %.9g: %.1f units, allowed %.1f"
                .formatted(
                    operand.name(),
                    i,
                    got[i],
                    exact[operand.number][i],
                    error(operand, got, i),
                    limit);
          }
        }
      }
    }
    return null;
  }

  @Nullable String returnedComplaint(double got) {
    return got == returned ? null : "returned " + got + ", the reference " + returned;
  }

  private double error(Operand operand, double[] got, int i) {
    int row = operand.rowwise && operand.rowSize() > 0 ? i / operand.rowSize() : -1;
    if (row >= 0 && skipped[row]) {
      return 0;
    }
    double want = exact[operand.number][i];
    if (Binding.sameBits(got[i], want) || got[i] == want) {
      return 0;
    }
    if (!operand.isFloat()) {
      return Double.POSITIVE_INFINITY;
    }
    double error = Math.abs(got[i] - want) / unit(operand, i);
    return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
  }

  private double unit(Operand operand, int i) {
    double unit = units[operand.number][i];
    // A bfloat16 keeps 16 bits fewer than a float: one of its roundings is 2^16 units.
    return operand.dtype == dev.anechoic.tensor.DType.BF16 ? unit * 0x1p16 : unit;
  }
}
