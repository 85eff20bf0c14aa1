package dev.anechoic.rl.measure;

/**
 * Reward against compute as a saturating curve (Khatri et al., arXiv 2510.13786, equation 1):
 *
 * <pre>R(C) = R₀ + (A − R₀) / (1 + (C_mid / C)^B)</pre>
 *
 * <p>Fitted by Levenberg-Marquardt (Marquardt 1963) over A, ln B and ln C_mid with R₀ given; the
 * logarithms keep B and C_mid positive.
 *
 * @param start R₀, reward at compute 0
 * @param asymptote A, reward at unlimited compute
 * @param exponent B, steepness
 * @param midpoint C_mid, compute at half the gain, in the units of the input
 * @param rmse residual
 * @param converged false where the iteration ended without settling; the values are then a
 *     description of nothing
 */
public record SigmoidFit(
    double start,
    double asymptote,
    double exponent,
    double midpoint,
    double rmse,
    boolean converged) {
  private static final int MAX_ITERATIONS = 500;
  private static final double SETTLED = 1e-12;

  /**
   * Fits the curve.
   *
   * @param compute C, above 0 and increasing [T]
   * @param reward R [T]
   * @param start R₀
   * @throws IllegalArgumentException with fewer than four points
   */
  public static SigmoidFit fit(double[] compute, double[] reward, double start) {
    if (compute.length < 4 || compute.length != reward.length) {
      throw new IllegalArgumentException(
          "the sigmoid fit needs at least 4 pairs; got %d and %d"
              .formatted(compute.length, reward.length));
    }
    double[] theta = firstGuess(compute, reward);
    double error = squaredError(theta, compute, reward, start);
    double damping = 1e-3;
    boolean converged = false;
    for (int i = 0; i < MAX_ITERATIONS && !converged; i++) {
      double[] step = step(theta, compute, reward, start, damping);
      double[] moved = {theta[0] + step[0], theta[1] + step[1], theta[2] + step[2]};
      double movedError = squaredError(moved, compute, reward, start);
      if (movedError <= error) {
        converged = error - movedError <= SETTLED * error + Double.MIN_NORMAL;
        theta = moved;
        error = movedError;
        damping = Math.max(damping / 3, 1e-12);
      } else {
        damping *= 4;
        converged = damping > 1e12; // no direction leads down: a minimum
      }
    }
    double rmse = Math.sqrt(error / compute.length);
    return new SigmoidFit(start, theta[0], Math.exp(theta[1]), Math.exp(theta[2]), rmse, converged);
  }

  /** The curve's reward at a compute. */
  public double at(double compute) {
    return start + (asymptote - start) * share(compute, Math.log(exponent), Math.log(midpoint));
  }

  /** {@code 1 / (1 + (C_mid/C)^B)} from logarithms. */
  private static double share(double compute, double logB, double logMid) {
    return 1 / (1 + Math.exp(Math.exp(logB) * (logMid - Math.log(compute))));
  }

  private static double[] firstGuess(double[] compute, double[] reward) {
    int tail = Math.max(1, reward.length / 5);
    double end = 0;
    for (int t = reward.length - tail; t < reward.length; t++) {
      end += reward[t] / tail;
    }
    return new double[] {end, 0, Math.log(compute[compute.length / 2])};
  }

  private static double squaredError(
      double[] theta, double[] compute, double[] reward, double start) {
    double sum = 0;
    for (int t = 0; t < compute.length; t++) {
      double fit = start + (theta[0] - start) * share(compute[t], theta[1], theta[2]);
      sum += (reward[t] - fit) * (reward[t] - fit);
    }
    return Double.isNaN(sum) ? Double.POSITIVE_INFINITY : sum;
  }

  /** Solves {@code (JᵀJ + λ diag(JᵀJ)) step = Jᵀ r}. */
  private static double[] step(
      double[] theta, double[] compute, double[] reward, double start, double damping) {
    double[][] normal = new double[3][3];
    double[] right = new double[3];
    double gain = theta[0] - start;
    double b = Math.exp(theta[1]);
    for (int t = 0; t < compute.length; t++) {
      double s = share(compute[t], theta[1], theta[2]);
      double slope = gain * s * (1 - s);
      double distance = Math.log(compute[t]) - theta[2];
      double[] jacobian = {s, slope * b * distance, -slope * b};
      double residual = reward[t] - (start + gain * s);
      for (int i = 0; i < 3; i++) {
        right[i] += jacobian[i] * residual;
        for (int j = 0; j < 3; j++) {
          normal[i][j] += jacobian[i] * jacobian[j];
        }
      }
    }
    for (int i = 0; i < 3; i++) {
      normal[i][i] += damping * normal[i][i] + 1e-15;
    }
    return solve(normal, right);
  }

  /** Gaussian elimination of a symmetric positive definite system; overwrites its arguments. */
  private static double[] solve(double[][] m, double[] x) {
    int n = x.length;
    for (int i = 0; i < n; i++) {
      for (int r = i + 1; r < n; r++) {
        double factor = m[r][i] / m[i][i];
        for (int c = i; c < n; c++) {
          m[r][c] -= factor * m[i][c];
        }
        x[r] -= factor * x[i];
      }
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int c = i + 1; c < n; c++) {
        x[i] -= m[i][c] * x[c];
      }
      x[i] /= m[i][i];
    }
    return x;
  }
}
