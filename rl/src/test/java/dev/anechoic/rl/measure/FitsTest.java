package dev.anechoic.rl.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.Philox;
import org.junit.jupiter.api.Test;

final class FitsTest {
  @Test
  void lineHandValue() {
    LinearFit fit = LinearFit.of(new double[] {1, 2, 3}, new double[] {2, 4, 5});
    assertEquals(1.5, fit.slope(), 1e-15);
    assertEquals(2 / 3.0, fit.intercept(), 1e-14);
    assertEquals(3 / Math.sqrt(2 * 14 / 3.0), fit.correlation(), 1e-15);
    assertEquals(Math.sqrt((14 / 3.0 - 4.5) / 3), fit.rmse(), 1e-12);
  }

  @Test
  void pairsWithoutANumberAreLeftAside() {
    double nan = Double.NaN;
    LinearFit fit = LinearFit.of(new double[] {1, nan, 2, 3}, new double[] {1, 9, 2, nan});
    assertEquals(2, fit.count());
    assertEquals(1, fit.slope(), 1e-15);
    assertEquals(nan, LinearFit.of(new double[] {1, 1}, new double[] {1, 2}).slope());
  }

  @Test
  void entropyLawRecoversItsCoefficientsAndForecasts() {
    double[] entropy = new double[40];
    double[] reward = new double[40];
    for (int t = 0; t < 40; t++) {
      entropy[t] = 1.2 * Math.exp(-t / 12.0);
      reward[t] = -0.2 * Math.exp(entropy[t]) + 0.9;
    }
    EntropyLaw law = EntropyLaw.fit(entropy, reward, 0.5);
    assertEquals(0.2, law.a(), 1e-12);
    assertEquals(0.9, law.b(), 1e-12);
    assertEquals(0, law.forecastRmse(), 1e-12);
    assertEquals(0.7, law.at(0), 1e-12);
    for (int t = 20; t < 40; t++) {
      reward[t] += 0.1;
    }
    assertEquals(0.1, EntropyLaw.fit(entropy, reward, 0.5).forecastRmse(), 1e-12);
  }

  @Test
  void shortRunsHaveNoForecast() {
    EntropyLaw law = EntropyLaw.fit(new double[] {1, 0.5, 0}, new double[] {0, 0.1, 0.2}, 0.5);
    assertEquals(Double.NaN, law.forecastRmse());
  }

  @Test
  void sigmoidRecoversItsParameters() {
    double[] compute = new double[60];
    double[] reward = new double[60];
    for (int t = 0; t < 60; t++) {
      compute[t] = 1e12 * (t + 1);
      reward[t] = 0.28 + (0.61 - 0.28) / (1 + Math.pow(9e12 / compute[t], 1.7));
    }
    SigmoidFit fit = SigmoidFit.fit(compute, reward, 0.28);
    assertTrue(fit.converged());
    assertEquals(0.61, fit.asymptote(), 1e-6);
    assertEquals(1.7, fit.exponent(), 1e-5);
    assertEquals(9e12, fit.midpoint(), 1e7);
    assertEquals(reward[30], fit.at(compute[30]), 1e-7);
  }

  @Test
  void sigmoidStandsNoise() {
    double[] compute = new double[100];
    double[] reward = new double[100];
    for (int t = 0; t < 100; t++) {
      compute[t] = t + 1;
      double noise = 0.02 * Philox.normal(5, 0, 0, 0, t);
      reward[t] = 0.2 + 0.4 / (1 + Math.pow(15 / compute[t], 2)) + noise;
    }
    SigmoidFit fit = SigmoidFit.fit(compute, reward, 0.2);
    assertEquals(0.6, fit.asymptote(), 0.03);
    assertEquals(0.02, fit.rmse(), 0.005);
    assertThrows(
        IllegalArgumentException.class,
        () -> SigmoidFit.fit(new double[] {1, 2}, new double[] {0, 1}, 0));
  }

  /** As of a short run: noise around a rising line, on the scale of FLOPs, and mere noise. */
  @Test
  void rewardsWithoutABendHaveNoFitOrAFitNearThem() {
    double[] compute = new double[24];
    double[] rising = new double[24];
    double[] flat = new double[24];
    for (int t = 0; t < 24; t++) {
      compute[t] = 2.8e10 * (t + 1);
      rising[t] = 0.12 + 0.007 * t + 0.03 * Philox.normal(5, 0, 0, 1, t);
      flat[t] = 0.03 + 0.012 * Philox.normal(5, 0, 0, 2, t);
    }
    SigmoidFit fit = SigmoidFit.fit(compute, rising, rising[0]);
    assertTrue(!fit.converged() || fit.rmse() < 0.04, fit::toString);
    SigmoidFit none = SigmoidFit.fit(compute, flat, flat[0]);
    assertTrue(none.rmse() < 0.02, none::toString);
    if (none.converged()) {
      assertTrue(none.midpoint() >= compute[0] && none.midpoint() <= 10 * compute[23]);
    }
  }

  @Test
  void covarianceHandValue() {
    double[] logprobs = {-1, -3};
    double[] advantages = {1, -1};
    assertArrayEquals(new double[] {1, 1}, LogprobAdvantageCovariance.terms(logprobs, advantages));
    assertEquals(1, LogprobAdvantageCovariance.mean(logprobs, advantages));
    double[] quantiles =
        LogprobAdvantageCovariance.quantiles(
            new double[] {-1, -2, -3}, new double[] {1, 0, -1}, 0, 0.5, 1);
    assertArrayEquals(new double[] {0, 1, 1}, quantiles);
  }
}
