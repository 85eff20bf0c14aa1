package dev.anechoic.rl.algorithm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RolloutMetricsTest {
  private static Trajectory completion(int prompt, String format, float reward) {
    Grade grade =
        new Grade(format, "well_formed", reward > 0 ? "correct" : "incorrect", "1", reward);
    Trajectory t =
        new Trajectory(
            prompt, 0, "p", "p", new int[2], new int[3], new float[] {-1, -1, -1}, "", grade);
    t.setAdvantage(reward - 0.5f); // as a critic gives it: not 0 where all rewards are equal
    return t;
  }

  /** Prompt 0: rewards 1, 0. Prompt 1: 1, 1. Prompt 2: 0, 0, and one that is masked. */
  @Test
  void groupsOfEqualRewardsCountPerFormat() {
    Map<String, Double> metrics =
        RolloutMetrics.of(
            List.of(
                completion(0, "code", 1),
                completion(0, "text", 0),
                completion(1, "code", 1),
                completion(1, "code", 1),
                completion(2, "text", 0),
                completion(2, "text", 0),
                completion(2, "tool", Float.NaN)),
            List.of("code", "tool", "text"));
    assertEquals(2 / 3.0, metrics.get("group/zero_advantage"), 1e-12);
    // p = 1/2, 1, 0 in groups of two: (1/2 + 1 + 1) / 3
    assertEquals(2.5 / 3, metrics.get("group/zero_advantage_expected"), 1e-12);
    assertEquals(2 / 3.0, metrics.get("format/code/zero_advantage"), 1e-12);
    assertEquals(2 / 3.0, metrics.get("format/text/zero_advantage"), 1e-12);
    assertFalse(metrics.containsKey("format/tool/zero_advantage"), "it has none that counts");
    assertEquals(0.5, metrics.get("format/code/share"));
    assertEquals(1.0, metrics.get("rollout/masked"));
    assertEquals(1.5, metrics.get("format/code/advantage_mass"), 1e-6);
  }
}
