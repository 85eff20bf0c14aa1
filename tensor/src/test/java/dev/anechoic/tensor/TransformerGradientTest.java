package dev.anechoic.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.reference.ReferenceBackend;
import org.junit.jupiter.api.Test;

/** The whole chain rule: a transformer with a value head under the losses of PPO. */
class TransformerGradientTest {
  private static final int DIRECTIONS = 64;
  private static final double TOLERANCE = 1e-5;
  private static final double STEP = 0x1p-14;

  private final Backend backend = new ReferenceBackend();
  private final MemoryLedger ledger = new MemoryLedger();
  private final TinyTransformer model = new TinyTransformer(backend, ledger);
  private final Tape tape = new Tape(new Arena(backend, Arena.Tag.ACTIVATIONS, ledger));

  private double lossAt(double[][] x, double[][] d, double step) {
    for (int i = 0; i < x.length; i++) {
      double[] moved = x[i].clone();
      for (int j = 0; j < moved.length; j++) {
        moved[j] += step * d[i][j];
      }
      backend.write(model.all.get(i), moved, 0);
    }
    boolean recording = tape.setRecording(false);
    double loss = model.loss(tape).toDoubles()[0];
    tape.setRecording(recording);
    tape.reset();
    return loss;
  }

  @Test
  void gradientEqualsCentralDifferencesAlongRandomDirections() {
    model.keepGradients();
    tape.backward(model.loss(tape));
    double[][] gradient = model.gradients();
    tape.reset();
    double[][] x = model.all.stream().map(Tensor::toDoubles).toArray(double[][]::new);

    double worst = 0;
    for (int direction = 0; direction < DIRECTIONS; direction++) {
      double[][] d = new double[x.length][];
      double analytic = 0;
      for (int i = 0; i < x.length; i++) {
        d[i] = new double[x[i].length];
        for (int j = 0; j < d[i].length; j++) {
          d[i][j] = Philox.normal(17, i, direction, 0, j);
          analytic += gradient[i][j] * d[i][j];
        }
      }
      double near = lossAt(x, d, STEP) - lossAt(x, d, -STEP);
      double far = lossAt(x, d, 2 * STEP) - lossAt(x, d, -2 * STEP);
      double numeric = (8 * near - far) / (12 * STEP);
      double error = Math.abs(numeric - analytic) / Math.max(Math.abs(analytic), Math.abs(numeric));
      worst = Math.max(worst, error);
      assertEquals(analytic, numeric, TOLERANCE * Math.abs(analytic), "direction " + direction);
    }
    System.out.printf(
        "gradient of a transformer: %d directions, worst relative error %.1e%n", DIRECTIONS, worst);
  }

  @Test
  void everyParameterTakesPart() {
    model.keepGradients();
    tape.backward(model.loss(tape));

    for (Tensor parameter : model.all) {
      double sum = 0;
      for (double g : parameter.grad().toDoubles()) {
        sum += Math.abs(g);
      }
      assertTrue(sum > 1e-6, parameter + " has no gradient");
    }
  }

  @Test
  void lossesOfATokenDoNotDependOnLaterOnes() {
    double[] before = model.losses(tape, null).toDoubles();
    tape.reset();
    int changed = 2; // position of the first row
    int[] tokens = model.changeToken(changed);
    double[] after = model.losses(tape, null).toDoubles();

    assertEquals(TinyTransformer.ROWS, tokens.length);
    for (int row = 0; row < TinyTransformer.ROWS; row++) {
      if (row < changed || row >= TinyTransformer.TIME) {
        assertArrayEquals(new double[] {before[row]}, new double[] {after[row]});
      }
    }
    assertTrue(before[changed] != after[changed]);
  }
}
