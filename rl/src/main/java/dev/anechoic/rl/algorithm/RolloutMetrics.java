package dev.anechoic.rl.algorithm;

import dev.anechoic.rl.measure.FormatEntropy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The metrics of one rollout, from its completions alone; keys as in {@code docs/run-folder.md}.
 */
public final class RolloutMetrics {
  private RolloutMetrics() {}

  /**
   * @param trajectories the rollout, graded, with reference log-probs and advantages
   * @param formats the formats of the study; {@code mixed} and {@code none} are added
   */
  public static Map<String, Double> of(List<Trajectory> trajectories, List<String> formats) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    List<Trajectory> counted = trajectories.stream().filter(t -> !t.masked()).toList();
    metrics.put("rollout/completions", (double) trajectories.size());
    metrics.put("rollout/masked", (double) trajectories.size() - counted.size());
    if (counted.isEmpty()) {
      return metrics;
    }
    put(metrics, "reward", mean(counted, t -> t.reward));
    put(metrics, "reward/accuracy", mean(counted, t -> t.grade.correct() ? 1 : 0));
    put(metrics, "length", mean(counted, Trajectory::length));
    put(metrics, "kl/sequence", mean(counted, Trajectory::kl));
    put(metrics, "kl/first_token", mean(counted, RolloutMetrics::firstTokenKl));
    put(metrics, "kl/k1", perToken(counted, RolloutMetrics::k1));
    put(metrics, "kl/k3", perToken(counted, RolloutMetrics::k3));
    put(metrics, "entropy", perToken(counted, RolloutMetrics::entropySum));
    Set<Integer> flat = groups(metrics, counted);
    List<String> classes = classes(formats);
    entropySplit(metrics, counted, classes);
    for (String format : classes) {
      format(metrics, format, counted, flat);
    }
    return metrics;
  }

  /** What a completion may be: one of the formats, several at once, or none. */
  static List<String> classes(List<String> formats) {
    List<String> classes = new ArrayList<>(formats);
    classes.add("mixed");
    classes.add("none");
    return classes;
  }

  private static void format(
      Map<String, Double> metrics, String format, List<Trajectory> counted, Set<Integer> flat) {
    List<Trajectory> own = counted.stream().filter(t -> t.grade.format().equals(format)).toList();
    String key = "format/" + format + "/";
    metrics.put(key + "share", (double) own.size() / counted.size());
    metrics.put(key + "advantage_mass", own.stream().mapToDouble(Trajectory::advantage).sum());
    if (own.isEmpty()) {
      return; // not measured is absent, never 0
    }
    put(metrics, key + "reward", mean(own, t -> t.reward));
    put(metrics, key + "length", mean(own, Trajectory::length));
    put(metrics, key + "entropy", perToken(own, RolloutMetrics::entropySum));
    put(metrics, key + "kl", mean(own, Trajectory::kl));
    put(metrics, key + "well_formed", mean(own, t -> t.grade.wellFormed() ? 1 : 0));
    put(metrics, key + "zero_advantage", mean(own, t -> flat.contains(t.prompt) ? 1 : 0));
  }

  /** {@code H(y) = H_F + Σ p_f H(y | f)}, with {@code H(y)} estimated by the mean of -log π(y). */
  private static void entropySplit(
      Map<String, Double> metrics, List<Trajectory> counted, List<String> classes) {
    double[] logprobs = counted.stream().mapToDouble(Trajectory::logprob).toArray();
    int[] formats = counted.stream().mapToInt(t -> classes.indexOf(t.grade.format())).toArray();
    FormatEntropy.Split split = FormatEntropy.fromSamples(logprobs, formats, classes.size());
    put(metrics, "entropy/sequence", split.total());
    put(metrics, "entropy/format", split.between());
    put(metrics, "entropy/within", split.within());
  }

  /**
   * Groups whose rewards are all equal, and how many chance alone would give.
   *
   * @return the prompts of those groups
   */
  private static Set<Integer> groups(Map<String, Double> metrics, List<Trajectory> trajectories) {
    Map<Integer, List<Trajectory>> byPrompt = new LinkedHashMap<>();
    for (Trajectory t : trajectories) {
      byPrompt.computeIfAbsent(t.prompt, p -> new ArrayList<>()).add(t);
    }
    Set<Integer> flat = new HashSet<>();
    double expected = 0;
    for (List<Trajectory> group : byPrompt.values()) {
      if (!GroupAdvantage.varies(rewards(group))) {
        flat.add(group.getFirst().prompt);
      }
      double p = mean(group, t -> t.reward);
      expected += Math.pow(p, group.size()) + Math.pow(1 - p, group.size());
    }
    put(metrics, "group/zero_advantage", (double) flat.size() / byPrompt.size());
    put(metrics, "group/zero_advantage_expected", expected / byPrompt.size());
    return flat;
  }

  /** Completions that are not masked. */
  static int judged(List<Trajectory> rollout) {
    return (int) rollout.stream().filter(t -> !t.masked()).count();
  }

  static float[] rewards(List<Trajectory> group) {
    float[] rewards = new float[group.size()];
    for (int i = 0; i < rewards.length; i++) {
      rewards[i] = group.get(i).reward;
    }
    return rewards;
  }

  // ---- per completion -----------------------------------------------------------------------

  private static double k1(Trajectory t) {
    return t.kl();
  }

  private static double k3(Trajectory t) {
    double sum = 0;
    for (int i = 0; i < t.refLogprobs.length; i++) {
      double d = t.logprobs[i] - t.refLogprobs[i];
      sum += Math.expm1(-d) + d;
    }
    return t.refLogprobs.length == 0 ? Double.NaN : sum;
  }

  private static double entropySum(Trajectory t) {
    double sum = 0;
    for (float entropy : t.entropies) {
      sum += entropy;
    }
    return t.entropies.length == 0 ? Double.NaN : sum;
  }

  private static double firstTokenKl(Trajectory t) {
    return t.refLogprobs.length == 0 || t.length() == 0
        ? Double.NaN
        : t.logprobs[0] - t.refLogprobs[0];
  }

  // ---- means --------------------------------------------------------------------------------

  private interface Measure {
    double of(Trajectory t);
  }

  private static double mean(List<Trajectory> trajectories, Measure measure) {
    double sum = 0;
    for (Trajectory t : trajectories) {
      sum += measure.of(t);
    }
    return sum / trajectories.size();
  }

  /** Mean over tokens of a measure that sums over the tokens of a completion. */
  private static double perToken(List<Trajectory> trajectories, Measure sumOverTokens) {
    double sum = 0;
    long tokens = 0;
    for (Trajectory t : trajectories) {
      sum += sumOverTokens.of(t);
      tokens += t.length();
    }
    return sum / tokens;
  }

  private static void put(Map<String, Double> metrics, String key, double value) {
    if (!Double.isNaN(value)) {
      metrics.put(key, value);
    }
  }
}
