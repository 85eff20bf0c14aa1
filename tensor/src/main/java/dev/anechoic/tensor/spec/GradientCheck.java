package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.reference.ReferenceBackend;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Holds gradients against finite differences, in double on the reference backend.
 *
 * <p>The objective is {@code L = Σ w y} with random weights w. Along a random direction d of all
 * inputs, {@code Σ g d} from the tape must equal the 4-point central difference {@code (8 (L(h) -
 * L(-h)) - (L(2h) - L(-2h))) / 12h}, whose error is of order h⁴; Fornberg, "Generation of finite
 * difference formulas" (1988).
 */
public final class GradientCheck implements AutoCloseable {
  /** A function of the inputs, recorded on the tape. */
  @FunctionalInterface
  public interface Function {
    Tensor forward(Tape tape);
  }

  private static final double STEP = 0x1p-15;
  private static final double DOUBLE_EPSILON = 0x1p-52;

  /** Share of the gradient's norm below which a directional derivative counts as cancelled. */
  private static final double CANCELLED = 0.1;

  /** More than all that a small case puts on the tape. */
  private static final int SPOILT_ELEMENTS = 1 << 18;

  private final Backend backend = new ReferenceBackend();
  private final MemoryLedger ledger = new MemoryLedger();
  private final Arena inputArena = new Arena(backend, Arena.Tag.PARAMETERS, ledger);
  private final Tape tape = new Tape(new Arena(backend, Arena.Tag.ACTIVATIONS, ledger));

  /** Where inputs are made. */
  public Arena inputs() {
    return inputArena;
  }

  /**
   * The worst relative error of an op's gradient over random directions.
   *
   * @param opCase one with an op over its kernel and finite inputs
   */
  public double worstError(OpCase opCase, int directions) {
    opCase.computeSaved(inputArena);
    Tensor[] tensors = new Tensor[opCase.operands().size()];
    List<Tensor> inputs = new ArrayList<>();
    for (Operand operand : opCase.operands()) {
      tensors[operand.number] = tensor(operand);
      if (operand.isDifferentiable()) {
        inputs.add(tensors[operand.number]);
      }
    }
    OpCase.Tensors binding = operand -> operand == null ? null : tensors[operand.number];
    OpCase.TapeCall op = java.util.Objects.requireNonNull(opCase.tapeCall());
    double worst =
        worstError(inputs, t -> op.run(t, binding), directions, opCase.seed(), opCase.isKinked());
    inputArena.reset();
    return worst;
  }

  private Tensor tensor(Operand operand) {
    int[] dims = operand.shape().toArray();
    double[] values = operand.values();
    return operand.isFloat()
        ? inputArena.of(values, dims)
        : inputArena.of(java.util.Arrays.stream(values).mapToInt(v -> (int) v).toArray(), dims);
  }

  /** Whether {@link #worstError} can test it: an op, inputs to differentiate, all finite. */
  public static boolean applies(OpCase opCase) {
    boolean any = false;
    for (Operand operand : opCase.operands()) {
      any |= operand.isDifferentiable() && operand.size() > 0;
      for (double value : operand.values()) {
        if (operand.isInput() && !Double.isFinite(value)) {
          return false;
        }
      }
    }
    return any && opCase.tapeCall() != null;
  }

  /**
   * The worst relative error over random directions.
   *
   * @param inputs tensors of {@link #inputs} that the function uses
   * @param kinked leave out input elements whose gradient changes its branch within the step
   */
  public double worstError(
      List<Tensor> inputs, Function function, int directions, long seed, boolean kinked) {
    double[][] x = inputs.stream().map(Tensor::toDoubles).toArray(double[][]::new);
    double[][] gradient = gradient(inputs, function, seed);
    if (!Arrays.deepEquals(gradient, lentGradient(inputs, function, seed))) {
      return Double.POSITIVE_INFINITY; // a backward pass adds where it must overwrite
    }
    double worst = 0;
    for (int direction = 0; direction < directions; direction++) {
      double[][] d = randomDirection(x, seed, direction);
      if (kinked) {
        leaveOutKinks(inputs, function, x, d, seed);
      }
      double numeric = derivative(inputs, function, x, d, seed);
      double analytic = 0;
      double squares = 0;
      for (int i = 0; i < x.length; i++) {
        for (int j = 0; j < x[i].length; j++) {
          analytic += gradient[i][j] * d[i][j];
          squares += d[i][j] == 0 ? 0 : gradient[i][j] * gradient[i][j];
        }
      }
      double scale =
          Math.max(CANCELLED * Math.sqrt(squares), Math.max(Math.abs(analytic), Math.abs(numeric)));
      double distance = Math.max(0, Math.abs(numeric - analytic) - rounding(x, gradient));
      double error = distance / (scale == 0 ? 1 : scale);
      worst = Math.max(worst, Double.isNaN(error) ? Double.POSITIVE_INFINITY : error);
    }
    return worst;
  }

  /** What rounding of values as large as the inputs leaves of a difference quotient. */
  private static double rounding(double[][] x, double[][] gradient) {
    double largest = 1;
    int count = 1;
    for (int i = 0; i < x.length; i++) {
      count += gradient[i].length;
      for (double value : x[i]) {
        largest = Math.max(largest, Math.abs(value));
      }
    }
    return DOUBLE_EPSILON * largest * Math.sqrt(count) / STEP;
  }

  private double[][] gradient(List<Tensor> inputs, Function function, long seed) {
    for (Tensor input : inputs) {
      Tensor grad = inputArena.like(input);
      backend.fill(grad, 0);
      input.requireGrad().setGrad(grad);
    }
    double[][] gradient = backward(inputs, function, seed);
    for (Tensor input : inputs) {
      inputArena.release(input.grad());
      input.setGrad(null);
    }
    tape.reset();
    return gradient;
  }

  /** The same without storage of the inputs' own: the tape lends memory, full of NaN, to fill. */
  private double[][] lentGradient(List<Tensor> inputs, Function function, long seed) {
    backend.fill(tape.arena().tensor(backend.floatType(), SPOILT_ELEMENTS), Double.NaN);
    tape.reset();
    double[][] gradient = backward(inputs, function, seed);
    tape.reset();
    return gradient;
  }

  private double[][] backward(List<Tensor> inputs, Function function, long seed) {
    Tensor y = function.forward(tape);
    tape.backward(y, tape.arena().of(weights(y, seed), y.shape().toArray()));
    return inputs.stream().map(GradientCheck::gradientOf).toArray(double[][]::new);
  }

  /** Plus 0, since adding to a 0 loses the sign of another. */
  private static double[] gradientOf(Tensor input) {
    double[] gradient = input.grad().toDoubles();
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] += 0.0;
    }
    return gradient;
  }

  private static double[] weights(Tensor y, long seed) {
    double[] weights = new double[Math.toIntExact(y.size())];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = Philox.normal(seed, 1_000, 0, 0, i);
    }
    return weights;
  }

  private static double[][] randomDirection(double[][] x, long seed, int direction) {
    double[][] d = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      d[i] = new double[x[i].length];
      for (int j = 0; j < d[i].length; j++) {
        d[i][j] = Philox.normal(seed, 1_001, direction, i, j);
      }
    }
    return d;
  }

  private double derivative(
      List<Tensor> inputs, Function function, double[][] x, double[][] d, long seed) {
    double near =
        objective(inputs, function, x, d, STEP, seed)
            - objective(inputs, function, x, d, -STEP, seed);
    double far =
        objective(inputs, function, x, d, 2 * STEP, seed)
            - objective(inputs, function, x, d, -2 * STEP, seed);
    move(inputs, x, d, 0);
    return (8 * near - far) / (12 * STEP);
  }

  private double objective(
      List<Tensor> inputs, Function function, double[][] x, double[][] d, double step, long seed) {
    move(inputs, x, d, step);
    boolean recording = tape.setRecording(false);
    Tensor y = function.forward(tape);
    double[] values = y.toDoubles();
    double[] weights = weights(y, seed);
    tape.setRecording(recording);
    tape.reset();
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += weights[i] * values[i];
    }
    return sum;
  }

  private void move(List<Tensor> inputs, double[][] x, double[][] d, double step) {
    for (int i = 0; i < x.length; i++) {
      double[] moved = x[i].clone();
      for (int j = 0; j < moved.length; j++) {
        moved[j] += step * d[i][j];
      }
      backend.write(inputs.get(i), moved, 0);
    }
  }

  /** An element whose gradient vanishes at one end of the step only has a kink in between. */
  private void leaveOutKinks(
      List<Tensor> inputs, Function function, double[][] x, double[][] d, long seed) {
    double reach = 4 * STEP;
    move(inputs, x, d, -reach);
    double[][] before = gradient(inputs, function, seed);
    move(inputs, x, d, reach);
    double[][] after = gradient(inputs, function, seed);
    move(inputs, x, d, 0);
    for (int i = 0; i < d.length; i++) {
      for (int j = 0; j < d[i].length; j++) {
        if ((before[i][j] == 0) != (after[i][j] == 0)) {
          d[i][j] = 0;
        }
      }
    }
  }

  @Override
  public void close() {
    tape.arena().close();
    inputArena.close();
    backend.close();
  }
}
