package dev.anechoic.rl.measure;

import dev.anechoic.tensor.Philox;
import java.util.Arrays;

/**
 * A confidence interval.
 *
 * @param low lower end
 * @param high upper end
 */
public record Interval(double low, double high) {
  /** Two-sided 95 % quantile of the standard normal. */
  public static final double Z95 = 1.959963984540054;

  /** Stream of the bootstrap in the address space of {@link Philox}. */
  private static final int STREAM = 0x626f6f74; // "boot"

  /** A statistic of a sample given by indices into the data, each drawn with replacement. */
  @FunctionalInterface
  public interface Statistic {
    double of(int[] indices);
  }

  /** The Wilson 95 % interval of a proportion. */
  public static Interval wilson(double successes, double trials) {
    return wilson(successes, trials, Z95);
  }

  /**
   * The Wilson score interval of a proportion, which stays inside [0, 1] and is not empty at 0 or n
   * successes (Wilson, JASA 22, 1927).
   *
   * <pre>(p̂ + z²/2n ± z √(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n)</pre>
   *
   * @param z quantile of the standard normal
   * @return NaN ends where there was no trial
   */
  public static Interval wilson(double successes, double trials, double z) {
    if (trials == 0) {
      return new Interval(Double.NaN, Double.NaN);
    }
    double p = successes / trials;
    double zz = z * z / trials;
    double centre = (p + zz / 2) / (1 + zz);
    double half = z * Math.sqrt(p * (1 - p) / trials + zz / (4 * trials)) / (1 + zz);
    // the ends at 0 and n successes are exact; rounding would leave 1e-17 there
    double low = successes == 0 ? 0 : centre - half;
    double high = successes == trials ? 1 : centre + half;
    return new Interval(low, high);
  }

  /**
   * The 95 % percentile bootstrap interval of a mean (Efron 1979).
   *
   * @param values one per independent unit, such as a problem [N]
   * @param resamples number of resamples
   */
  public static Interval bootstrapMean(double[] values, long seed, int resamples) {
    return bootstrapMean(values, resamples(values.length, seed, resamples));
  }

  /** The same over resamples drawn once for many means of the same units. */
  public static Interval bootstrapMean(double[] values, int[][] resamples) {
    return bootstrap(
        resamples,
        indices -> {
          double sum = 0;
          for (int i : indices) {
            sum += values[i];
          }
          return sum / indices.length;
        });
  }

  /**
   * The 95 % percentile bootstrap interval of any statistic.
   *
   * @param units number of independent units
   */
  public static Interval bootstrap(int units, Statistic statistic, long seed, int resamples) {
    return bootstrap(resamples(units, seed, resamples), statistic);
  }

  /**
   * The same over resamples drawn once for many statistics of the same units.
   *
   * @param resamples from {@link #resamples}
   */
  public static Interval bootstrap(int[][] resamples, Statistic statistic) {
    if (resamples[0].length == 0) {
      return new Interval(Double.NaN, Double.NaN);
    }
    double[] draws = new double[resamples.length];
    for (int r = 0; r < draws.length; r++) {
      draws[r] = statistic.of(resamples[r]);
    }
    Arrays.sort(draws);
    return new Interval(Quantile.ofSorted(draws, 0.025), Quantile.ofSorted(draws, 0.975));
  }

  /**
   * Indices into the units, drawn with replacement [resamples, units].
   *
   * @param seed seed; draw i of resample r is addressed by (seed, r, i)
   */
  public static int[][] resamples(int units, long seed, int resamples) {
    int[][] indices = new int[resamples][units];
    for (int r = 0; r < resamples; r++) {
      for (int i = 0; i < units; i++) {
        indices[r][i] = Philox.below(units, seed, STREAM, r, 0, i);
      }
    }
    return indices;
  }
}
