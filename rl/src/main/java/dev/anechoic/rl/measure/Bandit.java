package dev.anechoic.rl.measure;

/**
 * The softmax bandit over formats, where everything that the ledger measures is known in closed
 * form. Logits z [F], shares {@code p = softmax(z)}, accuracies q [F].
 *
 * <pre>
 * reward     J = Σ p_f q_f            ∂J/∂z_f = p_f (q_f − J)
 * KL         K = Σ p_f ln(p_f/r_f)    ∂K/∂z_f = p_f (ln(p_f/r_f) − K)
 * entropy    H = −Σ p_f ln p_f        ∂H/∂z_f = −p_f (ln p_f + H)
 * log-odds   ℓ_f = ln(p_f/(1−p_f))    ∂ℓ_f/∂z_j = (δ_fj − p_j) / (1 − p_f)
 * samples of format a, baseline b     g_a = p_a (q_a − b) (e_a − p),   Σ_a g_a = ∂J/∂z
 * </pre>
 *
 * <p>The last line is the score-function gradient (Williams 1992), split by the format of the
 * samples; the sum does not depend on the baseline, its parts do.
 */
public final class Bandit {
  private Bandit() {}

  public static double[] softmax(double[] z) {
    double max = Double.NEGATIVE_INFINITY;
    for (double logit : z) {
      max = Math.max(max, logit);
    }
    double[] p = new double[z.length];
    double sum = 0;
    for (int f = 0; f < z.length; f++) {
      p[f] = Math.exp(z[f] - max);
      sum += p[f];
    }
    for (int f = 0; f < z.length; f++) {
      p[f] /= sum;
    }
    return p;
  }

  /** {@code ∂J/∂z} [F]. */
  public static double[] rewardGradient(double[] p, double[] q) {
    return centred(p, q);
  }

  /**
   * {@code ∂K/∂z} [F].
   *
   * @param reference shares of the reference policy [F], above 0 where p is
   */
  public static double[] klGradient(double[] p, double[] reference) {
    double[] logRatio = new double[p.length];
    for (int f = 0; f < p.length; f++) {
      logRatio[f] = p[f] > 0 ? Math.log(p[f] / reference[f]) : 0;
    }
    return centred(p, logRatio);
  }

  /** {@code ∂H/∂z} [F]. */
  public static double[] entropyGradient(double[] p) {
    double[] surprisal = new double[p.length];
    for (int f = 0; f < p.length; f++) {
      surprisal[f] = p[f] > 0 ? -Math.log(p[f]) : 0;
    }
    return centred(p, surprisal);
  }

  /** The part of the reward gradient that samples of format a carry: {@code g_a} [F]. */
  public static double[] rewardGradientOf(int a, double[] p, double[] q, double baseline) {
    double[] g = new double[p.length];
    double weight = p[a] * (q[a] - baseline);
    for (int f = 0; f < p.length; f++) {
      g[f] = weight * ((f == a ? 1 : 0) - p[f]);
    }
    return g;
  }

  /** First-order change of the log-odds of format f when the logits move by dz [F]. */
  public static double logOddsChange(int f, double[] p, double[] dz) {
    double mean = 0;
    for (int j = 0; j < p.length; j++) {
      mean += p[j] * dz[j];
    }
    return (dz[f] - mean) / (1 - p[f]);
  }

  /** Log-odds of each format [F]. */
  public static double[] logOdds(double[] p) {
    double[] odds = new double[p.length];
    for (int f = 0; f < p.length; f++) {
      odds[f] = Math.log(p[f] / (1 - p[f]));
    }
    return odds;
  }

  /** {@code p_f (x_f − Σ p x)}: the softmax gradient of an expectation, also of ln p terms. */
  private static double[] centred(double[] p, double[] x) {
    double mean = 0;
    for (int f = 0; f < p.length; f++) {
      mean += p[f] * x[f];
    }
    double[] g = new double[p.length];
    for (int f = 0; f < p.length; f++) {
      g[f] = p[f] * (x[f] - mean);
    }
    return g;
  }
}
