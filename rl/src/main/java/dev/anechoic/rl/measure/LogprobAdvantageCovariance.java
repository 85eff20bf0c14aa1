package dev.anechoic.rl.measure;

import java.util.Arrays;

/**
 * Covariance of log-prob and advantage, which drives the entropy of a softmax policy down (Cui et
 * al., arXiv 2505.22617, equation 10). Of token i:
 *
 * <pre>c_i = (log π(y_i) − mean log π) (A_i − mean A)</pre>
 */
public final class LogprobAdvantageCovariance {
  private LogprobAdvantageCovariance() {}

  /** The term of each token [N]; Clip-Cov and KL-Cov select the largest of them. */
  public static double[] terms(double[] logprobs, double[] advantages) {
    double meanLogprob = Arrays.stream(logprobs).average().orElse(Double.NaN);
    double meanAdvantage = Arrays.stream(advantages).average().orElse(Double.NaN);
    double[] terms = new double[logprobs.length];
    for (int i = 0; i < terms.length; i++) {
      terms[i] = (logprobs[i] - meanLogprob) * (advantages[i] - meanAdvantage);
    }
    return terms;
  }

  /** The covariance: the mean of the terms; NaN where there is no token. */
  public static double mean(double[] logprobs, double[] advantages) {
    return Arrays.stream(terms(logprobs, advantages)).average().orElse(Double.NaN);
  }

  /**
   * Quantiles of the terms.
   *
   * @param probabilities such as 0.5, 0.98, 0.998
   */
  public static double[] quantiles(
      double[] logprobs, double[] advantages, double... probabilities) {
    double[] terms = terms(logprobs, advantages);
    Arrays.sort(terms);
    double[] quantiles = new double[probabilities.length];
    for (int i = 0; i < probabilities.length; i++) {
      quantiles[i] = Quantile.ofSorted(terms, probabilities[i]);
    }
    return quantiles;
  }
}
