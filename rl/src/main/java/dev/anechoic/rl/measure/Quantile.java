package dev.anechoic.rl.measure;

import java.util.Arrays;

/**
 * Quantiles by linear interpolation between order statistics: type 7 of Hyndman and Fan, "Sample
 * Quantiles in Statistical Packages" (1996), the default of NumPy and R.
 */
public final class Quantile {
  private Quantile() {}

  /**
   * The quantile of some values.
   *
   * @param values in any order, without NaN
   * @param probability between 0 and 1
   * @return NaN where there is no value
   */
  public static double of(double[] values, double probability) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return ofSorted(sorted, probability);
  }

  /** The quantile of values in increasing order. */
  public static double ofSorted(double[] sorted, double probability) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    double position = probability * (sorted.length - 1);
    int below = (int) Math.floor(position);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
