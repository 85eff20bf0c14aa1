package dev.anechoic.rl.measure;

/**
 * Price split of a change in mean reward between two times, with shares p, p′ and mean rewards q,
 * q′ per format.
 *
 * <pre>
 * ΔR = Σ Δp_f q_f          selection: formats of different strength change their share
 *    + Σ p_f Δq_f          within: formats get better or worse at what they do
 *    + Σ Δp_f Δq_f         cross: both at once
 *    + Σ_{p_f = 0} p′_f q′_f   entered: formats without a sample before
 * </pre>
 *
 * <p>Source: Price, "Selection and covariance" (Nature 227, 1970), for finite groups.
 *
 * <p>A format without samples has no mean reward. Where it vanished (p′ = 0), within and cross are
 * {@code ±p Δq} and cancel whatever q′ would be, so its part is its lost share alone: selection.
 * Where it appeared (p = 0), selection and cross cannot be told apart without q; their sum, p′q′,
 * is given on its own as {@code entered}. So the four parts always add up to ΔR.
 *
 * @param total ΔR
 * @param selection from moving share between formats
 * @param within from improvement inside formats
 * @param cross from both at once
 * @param entered from formats that had no sample before
 */
public record PriceSplit(
    double total, double selection, double within, double cross, double entered) {

  public static final PriceSplit NONE = new PriceSplit(0, 0, 0, 0, 0);

  /**
   * The split between two times.
   *
   * @param p shares before [F], summing to 1
   * @param q mean rewards before [F]; NaN where the share is 0
   * @param pAfter shares after [F], summing to 1
   * @param qAfter mean rewards after [F]; NaN where the share is 0
   */
  public static PriceSplit between(double[] p, double[] q, double[] pAfter, double[] qAfter) {
    double selection = 0;
    double within = 0;
    double cross = 0;
    double entered = 0;
    for (int f = 0; f < p.length; f++) {
      double dp = pAfter[f] - p[f];
      if (p[f] == 0) {
        entered += pAfter[f] == 0 ? 0 : pAfter[f] * qAfter[f];
      } else if (pAfter[f] == 0) {
        selection += dp * q[f];
      } else {
        double dq = qAfter[f] - q[f];
        selection += dp * q[f];
        within += p[f] * dq;
        cross += dp * dq;
      }
    }
    return new PriceSplit(selection + within + cross + entered, selection, within, cross, entered);
  }

  /**
   * The running sum of the splits of consecutive steps: entry t splits the change from step 0 to t
   * along the path that the run took. With small steps the cross part is small. For exact shares
   * and rewards only: of sampled ones the noise adds up, since both come from the same completions.
   *
   * @param p shares [T,F]
   * @param q mean rewards [T,F]; NaN where the share is 0
   */
  public static PriceSplit[] alongPath(double[][] p, double[][] q) {
    PriceSplit[] path = new PriceSplit[p.length];
    for (int t = 0; t < p.length; t++) {
      path[t] = t == 0 ? NONE : path[t - 1].plus(between(p[t - 1], q[t - 1], p[t], q[t]));
    }
    return path;
  }

  /** Selection as a fraction of the whole change; NaN where there was no change. */
  public double selectionShare() {
    return total == 0 ? Double.NaN : selection / total;
  }

  private PriceSplit plus(PriceSplit other) {
    return new PriceSplit(
        total + other.total,
        selection + other.selection,
        within + other.within,
        cross + other.cross,
        entered + other.entered);
  }
}
