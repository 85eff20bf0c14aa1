package dev.anechoic.rl.measure;

/**
 * The path of softmax policy gradient over formats with fixed accuracies:
 *
 * <pre>dz_f/dt = p_f (q_f − q̄),   p = softmax(z),   q̄ = Σ p_f q_f</pre>
 *
 * <p>The exact gradient of the expected reward (Williams 1992; Agarwal et al., arXiv 1908.00261,
 * lemma for the softmax parametrisation). The factor p_f makes the rich get richer: a common format
 * moves faster than a rare one of the same strength, so the path can pass a stronger, rarer format
 * by for long although the limit is the strongest.
 */
public final class PathModel {
  private PathModel() {}

  /**
   * Integrates the model by the classical Runge-Kutta method of order 4.
   *
   * @param p shares at time 0 [F], all above 0
   * @param q accuracies [F]
   * @param time length of the path, in units of learning rate times steps
   * @param steps integration steps
   * @return shares after each step, the start included [steps+1, F]
   */
  public static double[][] integrate(double[] p, double[] q, double time, int steps) {
    double h = time / steps;
    double[] z = new double[p.length];
    for (int f = 0; f < p.length; f++) {
      if (!(p[f] > 0)) {
        throw new IllegalArgumentException(
            "the path model needs shares above 0; share %d is %s".formatted(f, p[f]));
      }
      z[f] = Math.log(p[f]);
    }
    double[][] path = new double[steps + 1][];
    path[0] = Bandit.softmax(z);
    for (int s = 1; s <= steps; s++) {
      double[] k1 = velocity(z, q);
      double[] k2 = velocity(moved(z, k1, h / 2), q);
      double[] k3 = velocity(moved(z, k2, h / 2), q);
      double[] k4 = velocity(moved(z, k3, h), q);
      for (int f = 0; f < z.length; f++) {
        z[f] += h / 6 * (k1[f] + 2 * k2[f] + 2 * k3[f] + k4[f]);
      }
      path[s] = Bandit.softmax(z);
    }
    return path;
  }

  /**
   * The format with the largest share at the end of the path.
   *
   * @return its index
   */
  public static int winner(double[] p, double[] q, double time, int steps) {
    double[][] path = integrate(p, q, time, steps);
    double[] end = path[steps];
    int winner = 0;
    for (int f = 1; f < end.length; f++) {
      winner = end[f] > end[winner] ? f : winner;
    }
    return winner;
  }

  private static double[] velocity(double[] z, double[] q) {
    return Bandit.rewardGradient(Bandit.softmax(z), q);
  }

  private static double[] moved(double[] z, double[] velocity, double h) {
    double[] moved = z.clone();
    for (int f = 0; f < z.length; f++) {
      moved[f] += h * velocity[f];
    }
    return moved;
  }
}
