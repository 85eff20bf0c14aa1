package dev.anechoic.rl.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

final class BanditTest {
  private static final double[] Z = {0.3, -0.2, 0.5};
  private static final double[] Q = {0.4, 0.7, 0.2};
  private static final double[] P = Bandit.softmax(Z);

  @Test
  void handValue() {
    double[] half = {0.5, 0.5};
    assertArrayEquals(
        new double[] {0.25, -0.25}, Bandit.rewardGradient(half, new double[] {1, 0}), 1e-15);
    assertEquals(0, Bandit.logOdds(half)[0]);
  }

  @Test
  void gradientsAgreeWithCentralDifferences() {
    double[] reference = {0.2, 0.5, 0.3};
    check(Bandit.rewardGradient(P, Q), z -> dot(Bandit.softmax(z), Q));
    check(
        Bandit.klGradient(P, reference),
        z -> {
          double[] p = Bandit.softmax(z);
          double kl = 0;
          for (int f = 0; f < 3; f++) {
            kl += p[f] * Math.log(p[f] / reference[f]);
          }
          return kl;
        });
    check(Bandit.entropyGradient(P), z -> FormatEntropy.of(Bandit.softmax(z)));
  }

  @Test
  void logOddsChangeAgreesWithCentralDifferences() {
    for (int f = 0; f < 3; f++) {
      double[] gradient = new double[3];
      for (int j = 0; j < 3; j++) {
        double[] unit = new double[3];
        unit[j] = 1;
        gradient[j] = Bandit.logOddsChange(f, P, unit);
      }
      int format = f;
      check(gradient, z -> Bandit.logOdds(Bandit.softmax(z))[format]);
    }
  }

  @Test
  void partsOfTheFormatsAddUpForAnyBaseline() {
    for (double baseline : new double[] {0, 0.4, -3}) {
      double[] sum = new double[3];
      for (int a = 0; a < 3; a++) {
        double[] part = Bandit.rewardGradientOf(a, P, Q, baseline);
        for (int f = 0; f < 3; f++) {
          sum[f] += part[f];
        }
      }
      assertArrayEquals(Bandit.rewardGradient(P, Q), sum, 1e-15);
    }
  }

  @Test
  void softmaxTakesLargeLogits() {
    assertArrayEquals(new double[] {1, 0}, Bandit.softmax(new double[] {2000, 0}));
  }

  private static void check(double[] gradient, ToDoubleFunction<double[]> function) {
    double h = 1e-5;
    for (int j = 0; j < 3; j++) {
      double[] up = Z.clone();
      double[] down = Z.clone();
      up[j] += h;
      down[j] -= h;
      double numeric = (function.applyAsDouble(up) - function.applyAsDouble(down)) / (2 * h);
      assertEquals(numeric, gradient[j], 1e-9);
    }
  }

  private static double dot(double[] a, double[] b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  }
}
