package dev.anechoic.rl.measure;

/**
 * How hard the advantages push each format: {@code M_f = Σ_{i in f} A_i}, with one advantage per
 * completion. Formats with positive mass gain share to first order where their completions are
 * equally long and equally likely.
 */
public final class AdvantageMass {
  private AdvantageMass() {}

  /**
   * The mass of each format [F].
   *
   * @param advantages advantage of each completion [N]; NaN (masked) counts nothing
   * @param formats format index of each completion [N]
   * @param formatCount number of formats, F
   */
  public static double[] of(double[] advantages, int[] formats, int formatCount) {
    double[] mass = new double[formatCount];
    for (int i = 0; i < advantages.length; i++) {
      if (!Double.isNaN(advantages[i])) {
        mass[formats[i]] += advantages[i];
      }
    }
    return mass;
  }
}
