package dev.anechoic.rl.measure;

/**
 * Groups without a signal: all samples of a prompt got the same reward, so every group-relative
 * advantage is 0.
 *
 * <p>With success rate p and G independent samples of reward 0 or 1 the chance is {@code p^G +
 * (1−p)^G}.
 */
public final class ZeroAdvantage {
  private ZeroAdvantage() {}

  /** The chance that a group of G samples with success rate p is all right or all wrong. */
  public static double expected(double p, int groupSize) {
    return Math.pow(p, groupSize) + Math.pow(1 - p, groupSize);
  }

  /** The mean chance over prompts with success rates p [P]; NaN where there is none. */
  public static double expected(double[] p, int groupSize) {
    double sum = 0;
    for (double rate : p) {
      sum += expected(rate, groupSize);
    }
    return sum / p.length;
  }

  /**
   * Whether each group is without a signal.
   *
   * @param rewards rewards [P,G]; NaN (masked) is left aside
   */
  public static boolean[] groups(double[][] rewards) {
    boolean[] zero = new boolean[rewards.length];
    for (int i = 0; i < rewards.length; i++) {
      zero[i] = constant(rewards[i]);
    }
    return zero;
  }

  /** The share of groups without a signal; NaN where there is no group. */
  public static double share(double[][] rewards) {
    int count = 0;
    for (boolean zero : groups(rewards)) {
      count += zero ? 1 : 0;
    }
    return count / (double) rewards.length;
  }

  /**
   * For each format the share of its completions that sit in a group without a signal [F]; NaN
   * where the format has no completion.
   *
   * @param rewards rewards [P,G]
   * @param formats format index of each completion [P,G]
   */
  public static double[] shareByFormat(double[][] rewards, int[][] formats, int formatCount) {
    boolean[] zero = groups(rewards);
    double[] inside = new double[formatCount];
    double[] all = new double[formatCount];
    for (int i = 0; i < formats.length; i++) {
      for (int format : formats[i]) {
        all[format]++;
        inside[format] += zero[i] ? 1 : 0;
      }
    }
    for (int f = 0; f < formatCount; f++) {
      inside[f] /= all[f];
    }
    return inside;
  }

  private static boolean constant(double[] rewards) {
    double first = Double.NaN;
    for (double reward : rewards) {
      if (Double.isNaN(first)) {
        first = reward;
      } else if (!Double.isNaN(reward) && reward != first) {
        return false;
      }
    }
    return true;
  }
}
