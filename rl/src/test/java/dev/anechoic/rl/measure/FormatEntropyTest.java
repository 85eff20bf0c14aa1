package dev.anechoic.rl.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class FormatEntropyTest {
  private static final double LN2 = Math.log(2);

  @Test
  void handValues() {
    assertEquals(LN2, FormatEntropy.of(new double[] {0.5, 0.5}), 1e-15);
    assertEquals(0, FormatEntropy.of(new double[] {1, 0, 0}));
    assertEquals(1.5 * LN2, FormatEntropy.of(new double[] {0.5, 0.25, 0.25}), 1e-15);
    assertEquals(3, FormatEntropy.effectiveFormats(new double[] {1 / 3., 1 / 3., 1 / 3.}), 1e-14);
    assertEquals(1, FormatEntropy.effectiveFormats(new double[] {0, 1}));
  }

  @Test
  void splitIsTheChainRule() {
    // formats (1/2, 1/2, 0); the first has two equal completions, the second one
    FormatEntropy.Split split =
        FormatEntropy.split(new double[] {0.5, 0.5, 0}, new double[] {LN2, 0, Double.NaN});
    assertEquals(LN2, split.between(), 1e-15);
    assertEquals(LN2 / 2, split.within(), 1e-15);
    // the same from the three completions themselves: 1/4, 1/4, 1/2
    assertEquals(FormatEntropy.of(new double[] {0.25, 0.25, 0.5}), split.total(), 1e-15);
  }

  @Test
  void samplesGiveTheSameSplitWhenTheyMatchThePolicy() {
    double[] logprobs = {Math.log(0.25), Math.log(0.25), Math.log(0.5), Math.log(0.5)};
    FormatEntropy.Split split = FormatEntropy.fromSamples(logprobs, new int[] {0, 0, 1, 1}, 3);
    assertEquals(1.5 * LN2, split.total(), 1e-15);
    assertEquals(LN2, split.between(), 1e-15);
    assertEquals(split.total(), split.between() + split.within(), 1e-15);
  }
}
