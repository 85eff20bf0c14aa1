package dev.anechoic.rl.algorithm;

import java.util.List;

/**
 * Advantages to mean 0 and standard deviation 1 over all tokens of a rollout, as in the PPO
 * reference implementations (Huang et al., "The 37 implementation details of PPO", 2022, detail 7).
 */
public final class Whitening {
  private static final double EPS = 1e-8; // as in the reference implementations

  private Whitening() {}

  /** Whitens in place, over the tokens of all sequences together. */
  public static void whiten(List<float[]> sequences) {
    long count = 0;
    double sum = 0;
    for (float[] sequence : sequences) {
      count += sequence.length;
      for (float value : sequence) {
        sum += value;
      }
    }
    if (count == 0) {
      return;
    }
    double mean = sum / count;
    double squares = 0;
    for (float[] sequence : sequences) {
      for (float value : sequence) {
        squares += (value - mean) * (value - mean);
      }
    }
    double scale = 1 / (Math.sqrt(squares / count) + EPS);
    for (float[] sequence : sequences) {
      for (int t = 0; t < sequence.length; t++) {
        sequence[t] = (float) ((sequence[t] - mean) * scale);
      }
    }
  }
}
