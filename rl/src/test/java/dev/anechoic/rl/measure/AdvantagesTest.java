package dev.anechoic.rl.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class AdvantagesTest {
  private static final double NAN = Double.NaN;

  @Test
  void massSumsAdvantagesPerFormatAndSkipsMasked() {
    double[] mass =
        AdvantageMass.of(new double[] {1, -0.5, 2, NAN, 0.25}, new int[] {0, 1, 0, 1, 1}, 3);
    assertArrayEquals(new double[] {3, -0.25, 0}, mass);
  }

  @Test
  void expectationOfZeroAdvantage() {
    assertEquals(2 * Math.pow(0.5, 8), ZeroAdvantage.expected(0.5, 8));
    assertEquals(1, ZeroAdvantage.expected(0, 8));
    assertEquals(1, ZeroAdvantage.expected(1, 8));
    assertEquals((1 + 0.5) / 2, ZeroAdvantage.expected(new double[] {1, 0.5}, 2));
  }

  @Test
  void groupsOfEqualRewardsHaveNoSignal() {
    double[][] rewards = {{1, 1, 1}, {0, 0, NAN}, {0, 1, 0}, {NAN, NAN, NAN}};
    assertArrayEquals(new boolean[] {true, true, false, true}, ZeroAdvantage.groups(rewards));
    assertEquals(0.75, ZeroAdvantage.share(rewards));
  }

  @Test
  void shareByFormatCountsCompletions() {
    double[][] rewards = {{1, 1}, {0, 1}};
    int[][] formats = {{0, 1}, {0, 0}};
    double[] share = ZeroAdvantage.shareByFormat(rewards, formats, 3);
    assertArrayEquals(new double[] {1 / 3.0, 1, NAN}, share, 1e-15);
  }
}
