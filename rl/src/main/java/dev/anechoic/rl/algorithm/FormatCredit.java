package dev.anechoic.rl.algorithm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Advantages seen by format: what can be done to them so that selection stops, or is held back. */
final class FormatCredit {
  private FormatCredit() {}

  /**
   * The advantages of each format's tokens to mean 0 and deviation 1 over the rollout. The
   * advantage mass of every format is then 0: formats are taught, none is chosen.
   */
  static void normalise(List<Trajectory> rollout) {
    Map<String, List<float[]>> byFormat = new LinkedHashMap<>();
    for (Trajectory t : rollout) {
      if (!t.masked() && t.length() > 0) {
        byFormat.computeIfAbsent(t.grade.format(), f -> new ArrayList<>()).add(t.advantages);
      }
    }
    byFormat.values().forEach(Whitening::whiten);
  }

  /**
   * Adds {@code coef (−ln p_f − H_F)} to the advantages of each completion of a format, with p the
   * shares of this rollout among the study's formats. In expectation over completions this is the
   * gradient of {@code coef H_F}, since {@code ∇H_F = −Σ_f ∇p_f ln p_f = E[(−ln p_f − H_F) ∇ log
   * π(y)]}. Mixed completions and those of no format get nothing: they are not to be encouraged.
   */
  static void addEntropyBonus(List<Trajectory> rollout, List<String> formats, double coef) {
    double[] counts = new double[formats.size()];
    double total = 0;
    for (Trajectory t : rollout) {
      int f = formats.indexOf(t.grade.format());
      if (f >= 0 && !t.masked()) {
        counts[f]++;
        total++;
      }
    }
    double entropy = 0;
    for (double count : counts) {
      entropy -= count > 0 ? count / total * Math.log(count / total) : 0;
    }
    for (Trajectory t : rollout) {
      int f = formats.indexOf(t.grade.format());
      if (f >= 0 && !t.masked()) {
        double bonus = coef * (-Math.log(counts[f] / total) - entropy);
        for (int i = 0; i < t.advantages.length; i++) {
          t.advantages[i] += (float) bonus;
        }
      }
    }
  }
}
