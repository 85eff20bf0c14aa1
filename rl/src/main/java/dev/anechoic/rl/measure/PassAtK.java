package dev.anechoic.rl.measure;

/**
 * pass@k: the chance that at least one of k samples is correct.
 *
 * <pre>pass@k = 1 − C(n−c, k) / C(n, k)</pre>
 *
 * <p>The unbiased estimator from n samples of which c are correct: Chen et al., "Evaluating Large
 * Language Models Trained on Code" (arXiv 2107.03374), equation 1.
 */
public final class PassAtK {
  private PassAtK() {}

  /**
   * The estimate for one problem.
   *
   * <p>The quotient of binomials is a product of {@code min(c, k)} factors below 1, {@code Π (1 −
   * max(c,k) / (n−i))}, summed as logarithms: no overflow, full precision for any n.
   *
   * @param n samples
   * @param c correct samples
   * @param k draws
   * @throws IllegalArgumentException unless {@code 0 <= c <= n} and {@code 1 <= k <= n}
   */
  public static double estimate(int n, int c, int k) {
    if (c < 0 || c > n || k < 1 || k > n) {
      throw new IllegalArgumentException(
          "pass@k needs 0 <= c <= n and 1 <= k <= n; got n=%d c=%d k=%d".formatted(n, c, k));
    }
    if (c == 0) {
      return 0;
    }
    if (n - c < k) {
      return 1;
    }
    int factors = Math.min(c, k);
    double larger = Math.max(c, k);
    double logMiss = 0;
    for (int i = 0; i < factors; i++) {
      logMiss += Math.log1p(-larger / (n - i));
    }
    return -Math.expm1(logMiss);
  }

  /**
   * The mean over problems; NaN where there is no problem.
   *
   * @param n samples per problem [P]
   * @param c correct samples per problem [P]
   */
  public static double mean(int[] n, int[] c, int k) {
    double sum = 0;
    for (int i = 0; i < n.length; i++) {
      sum += estimate(n[i], c[i], k);
    }
    return sum / n.length;
  }
}
