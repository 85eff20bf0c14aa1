package dev.anechoic.rl.measure;

/**
 * Where the KL-regularised objective ends, if RL could only move share between formats and between
 * right and wrong answers inside them.
 *
 * <p>The optimum of {@code E[r] − β KL(π ‖ π₀)} is {@code π*(y) ∝ π₀(y) e^{r(y)/β}} (Korbak et al.,
 * arXiv 2205.11275, equation 3). Summed over the completions of a format with reward 0 or 1:
 *
 * <pre>π*(f) ∝ p_f (1 + q_f (e^{1/β} − 1))</pre>
 *
 * <p>For β → 0 it saturates at {@code p_f q_f / Σ p q}: no full collapse. For β → ∞ it is p.
 */
public final class StaticPrediction {
  private StaticPrediction() {}

  /**
   * The predicted shares [F], computed in log space so that {@code e^{1/β}} may overflow.
   *
   * @param p shares before [F]
   * @param q accuracies before [F]; ignored where the share is 0
   * @param beta KL coefficient per completion, at least 0
   */
  public static double[] shares(double[] p, double[] q, double beta) {
    if (!(beta >= 0)) {
      throw new IllegalArgumentException("the KL coefficient must be at least 0; got " + beta);
    }
    double[] log = new double[p.length];
    double max = Double.NEGATIVE_INFINITY;
    for (int f = 0; f < p.length; f++) {
      log[f] = p[f] > 0 ? Math.log(p[f]) + logTilt(q[f], beta) : Double.NEGATIVE_INFINITY;
      max = Math.max(max, log[f]);
    }
    double sum = 0;
    double[] shares = new double[p.length];
    for (int f = 0; f < p.length; f++) {
      // all at −∞: no format ever succeeds, so reward moves nothing
      shares[f] = max == Double.NEGATIVE_INFINITY ? p[f] : Math.exp(log[f] - max);
      sum += shares[f];
    }
    for (int f = 0; f < p.length; f++) {
      shares[f] /= sum;
    }
    return shares;
  }

  /**
   * {@code ln(1 + q (e^{1/β} − 1)) − 1/β}; the constant 1/β cancels in the normalisation. Written
   * as {@code ln(q + (1−q) e^{−1/β})}, in which nothing overflows.
   */
  private static double logTilt(double q, double beta) {
    if (q == 0) {
      return -1 / beta; // e^{−1/β} itself underflows below β = 1/745
    }
    return beta > 1
        ? Math.log1p((1 - q) * Math.expm1(-1 / beta))
        : Math.log(q + (1 - q) * Math.exp(-1 / beta));
  }
}
