package dev.anechoic.rl.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import org.junit.jupiter.api.Test;

class AdvantageTest {
  private static final float NAN = Float.NaN;

  /** By hand, γ = 1, λ = 0.5: δ = (0.1, 0.2, 0.7), A_2 = 0.7, A_1 = 0.55, A_0 = 0.375. */
  @Test
  void gaeOfThreeTokensIsAsByHand() {
    float[] advantages = new float[3];
    float[] returns = new float[3];
    Gae.compute(new float[] {0, 0, 1}, new float[] {0, 0.1f, 0.3f}, 1, 0.5, advantages, returns);
    assertArrayEquals(new float[] {0.375f, 0.55f, 0.7f}, advantages, 1e-6f);
    assertArrayEquals(new float[] {0.375f, 0.65f, 1f}, returns, 1e-6f);
  }

  @Test
  void gaeWithLambdaOneIsReturnMinusValue() {
    float[] advantages = new float[3];
    float[] returns = new float[3];
    Gae.compute(new float[] {-0.5f, 0.25f, 1}, new float[] {3, -1, 2}, 1, 1, advantages, returns);
    assertArrayEquals(new float[] {0.75f, 1.25f, 1}, returns, 1e-6f);
    assertArrayEquals(new float[] {-2.25f, 2.25f, -1}, advantages, 1e-6f);
  }

  @Test
  void discountWeakensWhatIsFar() {
    float[] advantages = new float[3];
    float[] returns = new float[3];
    Gae.compute(new float[] {0, 0, 1}, new float[3], 0.5, 1, advantages, returns);
    assertArrayEquals(new float[] {0.25f, 0.5f, 1}, advantages, 1e-6f);
  }

  @Test
  void whitenedAdvantagesHaveMeanZeroAndDeviationOne() {
    float[] a = {1, 2};
    float[] b = {6};
    Whitening.whiten(List.of(a, b));
    // mean 3, deviation sqrt(14/3)
    double s = Math.sqrt(14 / 3.0);
    assertArrayEquals(new float[] {(float) (-2 / s), (float) (-1 / s)}, a, 1e-6f);
    assertArrayEquals(new float[] {(float) (3 / s)}, b, 1e-6f);
  }

  @Test
  void whiteningNothingIsNothing() {
    Whitening.whiten(List.of());
    float[] same = {2, 2};
    Whitening.whiten(List.of(same));
    assertArrayEquals(new float[] {0, 0}, same);
  }

  /** One success among eight: mean 1/8, n-1 deviation sqrt(1/8). */
  @Test
  void grpoGroupWithOneSuccess() {
    float[] advantages = GroupAdvantage.GRPO.of(new float[] {1, 0, 0, 0, 0, 0, 0, 0});
    assertEquals(2.475, advantages[0], 1e-3);
    assertEquals(-0.354, advantages[1], 1e-3);
  }

  @Test
  void groupWithEqualRewardsTeachesNothing() {
    for (GroupAdvantage rule : GroupAdvantage.values()) {
      assertArrayEquals(new float[4], rule.of(new float[] {1, 1, 1, 1}), rule.name());
      assertArrayEquals(new float[4], rule.of(new float[4]), rule.name());
    }
    assertFalse(GroupAdvantage.varies(new float[] {0, NAN, 0}));
  }

  @Test
  void maskedSampleChangesNothing() {
    float[] without = GroupAdvantage.GRPO.of(new float[] {1, 0, 0});
    float[] with = GroupAdvantage.GRPO.of(new float[] {1, NAN, 0, 0});
    assertArrayEquals(new float[] {without[0], 0, without[1], without[2]}, with);
  }

  @Test
  void relativesOfGrpoAreAsByHand() {
    float[] rewards = {1, 0, 0, 0};
    assertArrayEquals(
        new float[] {0.75f, -0.25f, -0.25f, -0.25f}, GroupAdvantage.DR_GRPO.of(rewards));
    assertArrayEquals(
        new float[] {1, -1 / 3f, -1 / 3f, -1 / 3f}, GroupAdvantage.RLOO.of(rewards), 1e-6f);
  }

  @Test
  void adaptiveCoefficientMovesTowardsTheTarget() {
    KlController controller = new KlController(0.1, 2, 1000);
    controller.update(20, 100); // error clipped at 0.2: factor 1 + 0.2 * 0.1
    assertEquals(0.102, controller.coef(), 1e-12);
    controller.update(0, 100);
    assertEquals(0.102 * 0.98, controller.coef(), 1e-12);
    KlController fixed = new KlController(0.1, 0, 1000);
    fixed.update(20, 100);
    assertEquals(0.1, fixed.coef());
  }
}
