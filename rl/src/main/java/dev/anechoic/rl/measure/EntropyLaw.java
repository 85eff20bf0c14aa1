package dev.anechoic.rl.measure;

import java.util.Arrays;

/**
 * Entropy law of reward: {@code R = −a e^H + b} (Cui et al., arXiv 2505.22617, equation 2). Reward
 * is bought with entropy; at H = 0 it is exhausted at {@code b − a}.
 *
 * @param a coefficient of {@code −e^H}
 * @param b offset
 * @param rmse residual of the fit
 * @param forecastRmse error on the part of the run that the forecast did not see; NaN where the run
 *     was too short for one
 * @param count points fitted
 */
public record EntropyLaw(double a, double b, double rmse, double forecastRmse, int count) {
  private static final int LEAST_POINTS = 4;

  /**
   * Fits the law on all points, and once more on the first part to forecast the rest.
   *
   * @param entropy H per step, nats [T]
   * @param reward R per step [T]
   * @param fitFraction part of the run, from its start, on which the forecast is fitted
   */
  public static EntropyLaw fit(double[] entropy, double[] reward, double fitFraction) {
    double[] x = new double[entropy.length];
    for (int t = 0; t < x.length; t++) {
      x[t] = -Math.exp(entropy[t]);
    }
    LinearFit all = LinearFit.of(x, reward);
    return new EntropyLaw(
        all.slope(), all.intercept(), all.rmse(), forecast(x, reward, fitFraction), all.count());
  }

  /** The reward that the law gives at an entropy. */
  public double at(double entropy) {
    return -a * Math.exp(entropy) + b;
  }

  private static double forecast(double[] x, double[] reward, double fitFraction) {
    int cut = (int) Math.round(x.length * fitFraction);
    if (cut < LEAST_POINTS || x.length - cut < 1) {
      return Double.NaN;
    }
    LinearFit early = LinearFit.of(Arrays.copyOf(x, cut), Arrays.copyOf(reward, cut));
    double sum = 0;
    int n = 0;
    for (int t = cut; t < x.length; t++) {
      double error = reward[t] - early.at(x[t]);
      if (!Double.isNaN(error)) {
        sum += error * error;
        n++;
      }
    }
    return n == 0 ? Double.NaN : Math.sqrt(sum / n);
  }
}
