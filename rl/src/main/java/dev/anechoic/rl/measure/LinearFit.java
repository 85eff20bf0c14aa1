package dev.anechoic.rl.measure;

/**
 * Least squares line {@code y = slope x + intercept} with Pearson's correlation.
 *
 * <p>Pairs with a NaN are left aside. With fewer than two pairs, or no spread in x, slope and
 * correlation are NaN; without spread in y the correlation is.
 *
 * @param slope slope
 * @param intercept value at x = 0
 * @param correlation Pearson's r
 * @param rmse root of the mean squared residual
 * @param count pairs used
 */
public record LinearFit(
    double slope, double intercept, double correlation, double rmse, int count) {

  /** Fits y [N] on x [N]. */
  public static LinearFit of(double[] x, double[] y) {
    int n = 0;
    double meanX = 0;
    double meanY = 0;
    for (int i = 0; i < x.length; i++) {
      if (both(x, y, i)) {
        n++;
        meanX += (x[i] - meanX) / n;
        meanY += (y[i] - meanY) / n;
      }
    }
    double xx = 0;
    double xy = 0;
    double yy = 0;
    for (int i = 0; i < x.length; i++) {
      if (both(x, y, i)) {
        xx += (x[i] - meanX) * (x[i] - meanX);
        xy += (x[i] - meanX) * (y[i] - meanY);
        yy += (y[i] - meanY) * (y[i] - meanY);
      }
    }
    double slope = xx > 0 ? xy / xx : Double.NaN;
    double correlation = xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : Double.NaN;
    double rmse = n > 0 ? Math.sqrt(Math.max(0, yy - slope * xy) / n) : Double.NaN;
    return new LinearFit(slope, meanY - slope * meanX, correlation, rmse, n);
  }

  /** The line's value at x. */
  public double at(double x) {
    return slope * x + intercept;
  }

  private static boolean both(double[] x, double[] y, int i) {
    return !Double.isNaN(x[i]) && !Double.isNaN(y[i]);
  }
}
