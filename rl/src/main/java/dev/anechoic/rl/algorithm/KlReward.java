package dev.anechoic.rl.algorithm;

import dev.anechoic.tensor.Kernels.KlEstimator;

/** The KL penalty as a reward: {@code r_t -= β k(log π(a_t) - log π_ref(a_t))} for each token. */
final class KlReward {
  private KlReward() {}

  static void subtract(float[] rewards, Trajectory t, KlEstimator estimator, double coef) {
    for (int i = 0; i < rewards.length; i++) {
      double d = (double) t.logprobs[i] - t.refLogprobs[i];
      double k =
          switch (estimator) {
            case K1 -> d;
            case K2 -> d * d / 2;
            case K3 -> Math.expm1(-d) + d;
          };
      rewards[i] -= (float) (coef * k);
    }
  }
}
