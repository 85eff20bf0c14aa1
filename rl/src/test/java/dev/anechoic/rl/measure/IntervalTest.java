package dev.anechoic.rl.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.Philox;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class IntervalTest {
  @Test
  void wilsonHandValues() {
    // 5 of 10 at z = 2: (0.5 + 0.2 ± 2 √(0.025 + 0.01)) / 1.4 = 0.5 ± √0.035 / 0.7
    Interval half = Interval.wilson(5, 10, 2);
    assertEquals(0.5 - Math.sqrt(0.035) / 0.7, half.low(), 1e-15);
    assertEquals(0.5 + Math.sqrt(0.035) / 0.7, half.high(), 1e-15);
    // 0 of 5: [0, z²/(n+z²)]
    double z2 = Interval.Z95 * Interval.Z95;
    assertEquals(0, Interval.wilson(0, 5).low());
    assertEquals(z2 / (5 + z2), Interval.wilson(0, 5).high(), 1e-15);
    assertEquals(1, Interval.wilson(5, 5).high());
  }

  @Test
  void noTrialHasNoInterval() {
    assertEquals(Double.NaN, Interval.wilson(0, 0).high(), 0);
    assertEquals(Double.NaN, Interval.bootstrapMean(new double[0], 1, 100).low());
  }

  @Test
  void bootstrapIsAFunctionOfTheSeed() {
    double[] values = {0.13, 1.4, 0.7, 0.02, 2.1, 0.5, 0.33, 1.7, 0.9, 3.2};
    Interval once = Interval.bootstrapMean(values, 7, 500);
    assertEquals(once, Interval.bootstrapMean(values, 7, 500));
    assertNotEquals(once, Interval.bootstrapMean(values, 8, 500));
  }

  @Test
  void bootstrapOfAMeanHasTheNormalWidth() {
    double[] values = new double[400];
    for (int i = 0; i < values.length; i++) {
      values[i] = Philox.normal(3, 0, 0, 0, i);
    }
    Interval interval = Interval.bootstrapMean(values, 1, 2000);
    assertEquals(2 * Interval.Z95 / Math.sqrt(400), interval.high() - interval.low(), 0.02);
    double mean = Arrays.stream(values).average().orElseThrow();
    assertTrue(interval.low() < mean && mean < interval.high());
  }

  @Test
  void quantilesInterpolate() {
    assertEquals(2.5, Quantile.of(new double[] {4, 1, 3, 2}, 0.5));
    assertEquals(1, Quantile.of(new double[] {4, 1, 3, 2}, 0));
    assertEquals(4, Quantile.of(new double[] {4, 1, 3, 2}, 1));
    assertEquals(1.3, Quantile.of(new double[] {4, 1, 3, 2}, 0.1), 1e-15);
  }
}
