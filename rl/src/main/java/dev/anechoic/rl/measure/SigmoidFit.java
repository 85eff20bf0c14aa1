package dev.anechoic.rl.measure;

/**
 * Reward against compute as a saturating curve (Khatri et al., arXiv 2510.13786, equation 1):
 *
 * <pre>R(C) = R₀ + (A − R₀) / (1 + (C_mid / C)^B)</pre>
 *
 * <p>Fitted over A, ln B and ln C_mid with R₀ given; the logarithms keep B and C_mid positive. The
 * best point of a grid over B and C_mid, with the A that is best for it in closed form, starts a
 * Levenberg-Marquardt iteration (Marquardt 1963) within the bounds of the grid: beyond them the
 * curve is a step or a constant over the run, and its parameters mean nothing.
 *
 * @param start R₀, reward at compute 0
 * @param asymptote A, reward at unlimited compute
 * @param exponent B, steepness
 * @param midpoint C_mid, compute at half the gain, in the units of the input
 * @param rmse residual
 * @param converged false where the iteration did not settle, or settled on a bound; the values are
 *     then a description of nothing
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
  private static final double LEAST_EXPONENT = 0.2;
  private static final double GREATEST_EXPONENT = 20;

  /** The midpoint lies between the first compute and this times the last. */
  private static final double MOST_AHEAD = 10;

  private static final int GRID = 24;

  /** Closer than this to a bound, in logarithms, is on it. */
  private static final double MARGIN = 1e-3;

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
    double[] low = {Math.log(LEAST_EXPONENT), Math.log(compute[0])};
    double[] high = {
      Math.log(GREATEST_EXPONENT), Math.log(MOST_AHEAD * compute[compute.length - 1])
    };
    double[] theta = firstGuess(compute, reward, start, low, high);
    double error = squaredError(theta, compute, reward, start);
    double damping = 1e-3;
    boolean converged = false;
    for (int i = 0; i < MAX_ITERATIONS && !converged; i++) {
      double[] step = step(theta, compute, reward, start, damping);
      double[] moved = {theta[0] + step[0], theta[1] + step[1], theta[2] + step[2]};
      double movedError =
          within(moved, low, high, 0)
              ? squaredError(moved, compute, reward, start)
              : Double.POSITIVE_INFINITY;
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
    converged &= within(theta, low, high, MARGIN);
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

  /** The best point of the grid; A is linear in the curve, so its best value is a quotient. */
  private static double[] firstGuess(
      double[] compute, double[] reward, double start, double[] low, double[] high) {
    double[] best = {start, low[0], low[1]};
    double least = Double.POSITIVE_INFINITY;
    for (int i = 1; i < GRID; i++) {
      for (int j = 1; j < GRID; j++) {
        double logB = low[0] + (high[0] - low[0]) * i / GRID;
        double logMid = low[1] + (high[1] - low[1]) * j / GRID;
        double product = 0;
        double square = 0;
        for (int t = 0; t < compute.length; t++) {
          double s = share(compute[t], logB, logMid);
          product += s * (reward[t] - start);
          square += s * s;
        }
        double[] theta = {start + product / square, logB, logMid};
        double error = squaredError(theta, compute, reward, start);
        if (error < least) {
          least = error;
          best = theta;
        }
      }
    }
    return best;
  }

  /** Whether ln B and ln C_mid keep this distance from their bounds. */
  private static boolean within(double[] theta, double[] low, double[] high, double margin) {
    for (int i = 0; i < low.length; i++) {
      if (!(theta[i + 1] >= low[i] + margin && theta[i + 1] <= high[i] - margin)) {
        return false;
      }
    }
    return true;
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
