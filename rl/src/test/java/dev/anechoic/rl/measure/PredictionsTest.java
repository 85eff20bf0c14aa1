package dev.anechoic.rl.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class PredictionsTest {
  @Test
  void staticPredictionHandValue() {
    // β = 1/ln 3 makes the factor 1 + 2q: 0.5·(1 + 1) against 0.5·(1 + 0.5)
    double[] shares =
        StaticPrediction.shares(new double[] {0.5, 0.5}, new double[] {0.5, 0.25}, 1 / Math.log(3));
    assertArrayEquals(new double[] {4 / 7.0, 3 / 7.0}, shares, 1e-15);
  }

  @Test
  void smallCoefficientsSaturateAtPTimesQ() {
    double[] p = {0.3, 0.3, 0.4};
    double[] q = {0.4, 0.2, 0.1};
    double[] limit = {0.12 / 0.22, 0.06 / 0.22, 0.04 / 0.22};
    for (double beta : new double[] {0, 1e-300, 1e-3, 1e-2}) {
      assertArrayEquals(limit, StaticPrediction.shares(p, q, beta), 1e-12, "beta " + beta);
    }
  }

  @Test
  void largeCoefficientsKeepTheShares() {
    double[] p = {0.3, 0.3, 0.4};
    assertArrayEquals(p, StaticPrediction.shares(p, new double[] {1, 0, 0.5}, 1e12), 1e-12);
  }

  @Test
  void formatsThatNeverSucceedOrNeverOccur() {
    double[] p = {0.5, 0.5, 0};
    assertArrayEquals(p, StaticPrediction.shares(p, new double[] {0, 0, Double.NaN}, 1e-4), 1e-15);
    assertArrayEquals(p, StaticPrediction.shares(p, new double[] {0, 0, Double.NaN}, 0), 1e-15);
    assertArrayEquals(
        new double[] {1, 0, 0},
        StaticPrediction.shares(p, new double[] {0.1, 0, Double.NaN}, 1e-3),
        1e-15);
    assertThrows(
        IllegalArgumentException.class, () -> StaticPrediction.shares(p, new double[3], -1));
  }

  @Test
  void pathMovesAlongTheGradientOfTheBandit() {
    double[] p = {0.5, 0.3, 0.2};
    double[] q = {0.2, 0.6, 0.4};
    double[][] path = PathModel.integrate(p, q, 1e-4, 1);
    double[] dz = Bandit.rewardGradient(p, q);
    for (int f = 0; f < 3; f++) {
      double mean = p[0] * dz[0] + p[1] * dz[1] + p[2] * dz[2];
      assertEquals(p[f] * (dz[f] - mean), (path[1][f] - p[f]) / 1e-4, 1e-4);
    }
  }

  @Test
  void equalStrengthMovesNothing() {
    double[] p = {0.5, 0.3, 0.2};
    double[] end = PathModel.integrate(p, new double[] {0.4, 0.4, 0.4}, 100, 200)[200];
    assertArrayEquals(p, end, 1e-12);
  }

  @Test
  void integratorIsOfOrderFour() {
    double[] p = {0.5, 0.3, 0.2};
    double[] q = {0.2, 0.9, 0.4};
    double exact = PathModel.integrate(p, q, 20, 4000)[4000][1];
    double coarse = Math.abs(PathModel.integrate(p, q, 20, 10)[10][1] - exact);
    double fine = Math.abs(PathModel.integrate(p, q, 20, 20)[20][1] - exact);
    assertTrue(coarse / fine > 12, coarse + " / " + fine);
  }

  @Test
  void theRichGetRicher() {
    double[] p = {0.05, 0.95};
    double[] q = {0.9, 0.6};
    assertEquals(1, PathModel.winner(p, q, 20, 200)); // the commoner, weaker format leads for long
    assertEquals(0, PathModel.winner(p, q, 5000, 5000)); // the strongest wins in the end
    assertThrows(
        IllegalArgumentException.class, () -> PathModel.integrate(new double[] {1, 0}, q, 1, 1));
  }
}
