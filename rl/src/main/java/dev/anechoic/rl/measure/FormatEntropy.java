package dev.anechoic.rl.measure;

/**
 * Two levels of collapse told apart: between formats and within them.
 *
 * <pre>
 * H_F  = −Σ_f p_f ln p_f                 entropy of the format, nats
 * e^H_F                                  effective number of formats
 * H(y) = H_F + Σ_f p_f H(y | f)          chain rule, exact since the format is a function of y
 * </pre>
 */
public final class FormatEntropy {
  private FormatEntropy() {}

  /**
   * The split of the entropy of completions.
   *
   * @param total H(y)
   * @param between H_F
   * @param within Σ p_f H(y | f)
   */
  public record Split(double total, double between, double within) {}

  /**
   * Entropy of a distribution, nats; 0 ln 0 is 0.
   *
   * @param p shares that sum to 1
   */
  public static double of(double[] p) {
    double h = 0;
    for (double share : p) {
      if (share > 0) {
        h -= share * Math.log(share);
      }
    }
    return h;
  }

  /** Effective number of formats, between 1 and the number of shares. */
  public static double effectiveFormats(double[] p) {
    return Math.exp(of(p));
  }

  /**
   * The split from known conditional entropies.
   *
   * @param p share of each format [F]
   * @param within H(y | f) of each format [F]; ignored where the share is 0
   */
  public static Split split(double[] p, double[] within) {
    double inside = 0;
    for (int f = 0; f < p.length; f++) {
      inside += p[f] > 0 ? p[f] * within[f] : 0;
    }
    double between = of(p);
    return new Split(between + inside, between, inside);
  }

  /**
   * The split from samples: H(y) is the mean of −log π(y), H_F comes from the shares, and the rest
   * is what remains within formats. With few samples the remainder carries the sampling error of
   * both, and H_F is biased down by about (F−1)/(2n) nats (Miller 1955).
   *
   * @param logprobs log π(y) of each completion under the policy that sampled it [N]
   * @param formats format index of each completion [N]
   * @param formatCount number of formats, F
   */
  public static Split fromSamples(double[] logprobs, int[] formats, int formatCount) {
    double[] p = new double[formatCount];
    double surprisal = 0;
    for (int i = 0; i < logprobs.length; i++) {
      p[formats[i]] += 1.0 / logprobs.length;
      surprisal -= logprobs[i] / logprobs.length;
    }
    double between = of(p);
    return new Split(surprisal, between, surprisal - between);
  }
}
