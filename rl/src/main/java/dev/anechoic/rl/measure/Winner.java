package dev.anechoic.rl.measure;

import java.util.OptionalInt;

/**
 * Which format won a run, and when the switch fell.
 *
 * <p>With T logged steps, the window is {@code w = max(1, ⌈T/20⌉)} steps. A format's share at the
 * start is its mean over the first w steps, at the end over the last w. The winner has the largest
 * share at the end. Its share is smoothed by the centred mean over {@code 2⌊w/2⌋+1} steps, cut at
 * the ends of the run. The switch is the first step from which the smoothed share stays at or above
 * the middle between its start and its end; there is none where the share rose by less than {@link
 * #LEAST_RISE}. The steepest step is the one that ends the largest smoothed rise over w steps.
 *
 * @param format index of the winner
 * @param startShare its share at the start
 * @param endShare its share at the end
 * @param runnerUp index of the format with the next largest share at the end, −1 with one format
 * @param runnerUpShare that share
 * @param switchIndex index, in the series, of the switch
 * @param steepestIndex index of the steepest step
 */
public record Winner(
    int format,
    double startShare,
    double endShare,
    int runnerUp,
    double runnerUpShare,
    OptionalInt switchIndex,
    OptionalInt steepestIndex) {

  /** A rise below this is no switch. */
  public static final double LEAST_RISE = 0.1;

  /** The definition in one sentence, printed beside every switch step. */
  public static final String DEFINITION =
      "The switch is the first step from which the winner's smoothed share stays above the middle"
          + " between its share at the start and at the end of the run.";

  /**
   * Finds the winner.
   *
   * @param shares share of each format at each step [F,T]; NaN steps count nothing
   * @throws IllegalArgumentException where there is no format or no step
   */
  public static Winner of(double[][] shares) {
    if (shares.length == 0 || shares[0].length == 0) {
      throw new IllegalArgumentException("no share to find a winner in");
    }
    int steps = shares[0].length;
    int window = window(steps);
    double[] end = new double[shares.length];
    int winner = 0;
    for (int f = 0; f < shares.length; f++) {
      end[f] = mean(shares[f], steps - window, steps);
      winner = end[f] > end[winner] ? f : winner;
    }
    int runnerUp = -1;
    for (int f = 0; f < shares.length; f++) {
      if (f != winner && (runnerUp < 0 || end[f] > end[runnerUp])) {
        runnerUp = f;
      }
    }
    double start = mean(shares[winner], 0, window);
    double[] smooth = smooth(shares[winner], window / 2);
    boolean rose = end[winner] - start >= LEAST_RISE;
    return new Winner(
        winner,
        start,
        end[winner],
        runnerUp,
        runnerUp < 0 ? Double.NaN : end[runnerUp],
        rose ? lastCrossing(smooth, (start + end[winner]) / 2) : OptionalInt.empty(),
        rose ? steepest(smooth, window) : OptionalInt.empty());
  }

  /** The window for a series of some length. */
  public static int window(int steps) {
    return Math.max(1, (steps + 19) / 20);
  }

  /** Centred mean over {@code 2 half + 1} entries, cut at the ends; NaN entries count nothing. */
  public static double[] smooth(double[] series, int half) {
    double[] smooth = new double[series.length];
    for (int t = 0; t < series.length; t++) {
      smooth[t] = mean(series, Math.max(0, t - half), Math.min(series.length, t + half + 1));
    }
    return smooth;
  }

  /** The index at which the largest rise of a smoothed series over a window ends. */
  public static OptionalInt steepest(double[] smooth, int window) {
    int best = -1;
    double largest = 0;
    for (int t = 1; t < smooth.length; t++) {
      double rise = smooth[t] - smooth[Math.max(0, t - window)];
      if (rise > largest) {
        largest = rise;
        best = t;
      }
    }
    return best < 0 ? OptionalInt.empty() : OptionalInt.of(best);
  }

  private static OptionalInt lastCrossing(double[] smooth, double level) {
    int first = smooth.length;
    while (first > 0 && !(smooth[first - 1] < level)) {
      first--;
    }
    return first < smooth.length ? OptionalInt.of(first) : OptionalInt.empty();
  }

  private static double mean(double[] series, int from, int to) {
    double sum = 0;
    int n = 0;
    for (int t = from; t < to; t++) {
      if (!Double.isNaN(series[t])) {
        sum += series[t];
        n++;
      }
    }
    return n == 0 ? Double.NaN : sum / n;
  }
}
