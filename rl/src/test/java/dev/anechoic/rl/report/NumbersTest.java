package dev.anechoic.rl.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class NumbersTest {
  @Test
  void numbersReadLikeNumbers() {
    assertEquals("44 %", Numbers.percent(0.4437));
    assertEquals("1.1 %", Numbers.percent(0.0111));
    assertEquals("99.6 %", Numbers.percent(0.996));
    assertEquals("100 %", Numbers.percent(1));
    assertEquals("0 %", Numbers.percent(0));
    assertEquals("0 %", Numbers.percent(-1e-9));
    assertEquals("+16.0 points", Numbers.points(0.16));
    assertEquals("−0.2 points", Numbers.points(-0.002));
    assertEquals("0.0 points", Numbers.points(0));
    assertEquals("1,234", Numbers.significant(1234.4));
    assertEquals("0.030", Numbers.significant(0.03));
    assertEquals("0.03", Numbers.plain(0.03));
    assertEquals("100", Numbers.plain(100));
    assertEquals("2.5e11", Numbers.significant(2.5e11));
    assertEquals("3.0e-7", Numbers.significant(3e-7));
    assertEquals("+0.5", Numbers.plainSigned(0.5));
    assertEquals("250 ms", Numbers.seconds(0.25));
    assertEquals("2 min 5 s", Numbers.seconds(125));
  }

  @Test
  void whatWasNotMeasuredIsADash() {
    assertEquals("–", Numbers.percent(Double.NaN));
    assertEquals("–", Numbers.significant(Double.NaN));
    assertEquals("–", Numbers.points(Double.POSITIVE_INFINITY));
    assertEquals("–", Numbers.seconds(Double.NaN));
  }

  @Test
  void axesHaveRoundTicks() {
    assertEquals(List.of(0.0, 0.2, 0.4), rounded(new Range(0, 0.45).ticks(2)));
    assertEquals(List.of(1.0, 2.0, 3.0), rounded(new Range(1, 3).ticks(2)));
    assertEquals(new Range(-0.4, 1), Range.covering(List.of(new double[] {-0.4, 0.9}), true));
    assertEquals(new Range(47, 48), new Range(47, 47), "no step, no end");
    assertEquals(Range.SHARE, Range.covering(List.of(new double[] {Double.NaN}), false));
  }

  private static List<Double> rounded(List<Double> values) {
    return values.stream().map(v -> Math.rint(v * 1e9) / 1e9).toList();
  }
}
