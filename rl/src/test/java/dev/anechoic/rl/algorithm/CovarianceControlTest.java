package dev.anechoic.rl.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.anechoic.rl.algorithm.RlConfig.Covariance;
import dev.anechoic.rl.algorithm.RlConfig.CovarianceMethod;
import java.util.List;
import org.junit.jupiter.api.Test;

class CovarianceControlTest {
  /**
   * By hand: mean log-prob −2, mean advantage 0, so the terms are (−1)(−3) = 3, 0, 1 · 2 = 2 and 0
   * · 1 = 0.
   */
  private static List<Trajectory> rollout() {
    return List.of(
        trajectory(0, new float[] {-3, -2}, new float[] {-3, 0}),
        trajectory(1, new float[] {-1, -2}, new float[] {2, 1}));
  }

  private static Trajectory trajectory(int prompt, float[] logprobs, float[] advantages) {
    Trajectory t =
        new Trajectory(
            prompt,
            0,
            "p",
            "p",
            new int[] {1},
            new int[logprobs.length],
            logprobs,
            "",
            new Grade("code", "well_formed", "correct", "1", 1));
    t.advantages = advantages;
    return t;
  }

  @Test
  void klCovTakesTheLargestTerms() {
    List<Trajectory> rollout = rollout();
    Covariance half = new Covariance(CovarianceMethod.KL, 0.5, 1, 5, 1);
    CovarianceControl control = CovarianceControl.of(half, rollout, 1, 1);
    assertArrayEquals(new float[] {0.25f, 0}, control.atChosen(rollout.get(0), 0.25));
    assertArrayEquals(new float[] {0.25f, 0}, control.atChosen(rollout.get(1), 0.25));
    assertFalse(control.clips());
  }

  @Test
  void clipCovTakesOnlyTermsBetweenItsBounds() {
    List<Trajectory> rollout = rollout();
    Covariance all = new Covariance(CovarianceMethod.CLIP, 1, 1, 2.5, 1);
    CovarianceControl control = CovarianceControl.of(all, rollout, 1, 1);
    assertArrayEquals(new float[] {0.25f, 0.25f}, control.withoutChosen(rollout.get(0), 0.25));
    assertArrayEquals(new float[] {0, 0.25f}, control.withoutChosen(rollout.get(1), 0.25));
  }

  @Test
  void clipCovTakesNoMoreThanItsShareAndTheSameOnesForTheSameSeed() {
    List<Trajectory> rollout = rollout();
    Covariance one = new Covariance(CovarianceMethod.CLIP, 0.25, -10, 10, 1);
    int[] taken = new int[2];
    for (int run = 0; run < 2; run++) {
      CovarianceControl control = CovarianceControl.of(one, rollout, 7, 3);
      int n = 0;
      for (Trajectory t : rollout) {
        for (float weight : control.withoutChosen(t, 1)) {
          taken[run] += weight == 0 ? 1 << n : 0;
          n++;
        }
      }
    }
    assertEquals(1, Integer.bitCount(taken[0]));
    assertEquals(taken[0], taken[1]);
  }
}
