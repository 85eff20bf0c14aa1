package dev.anechoic.rl.algorithm;

/**
 * Generalised advantage estimation; Schulman, Moritz, Levine, Jordan, Abbeel (2016), equation 16:
 * {@code δ_t = r_t + γ V_{t+1} - V_t; A_t = δ_t + γ λ A_{t+1}}, with V and A zero after the last
 * token.
 */
public final class Gae {
  private Gae() {}

  /**
   * Advantages and returns of one completion.
   *
   * @param rewards [T] reward of each token
   * @param values [T] value of the state in which each token was chosen
   * @param gamma discount per token
   * @param lambda bias against variance: 0 is one-step, 1 is Monte Carlo
   * @param advantages [T], overwritten
   * @param returns [T], overwritten with {@code A_t + V_t}, the target of the value function
   */
  public static void compute(
      float[] rewards,
      float[] values,
      double gamma,
      double lambda,
      float[] advantages,
      float[] returns) {
    double nextValue = 0;
    double nextAdvantage = 0;
    for (int t = rewards.length - 1; t >= 0; t--) {
      double delta = rewards[t] + gamma * nextValue - values[t];
      nextAdvantage = delta + gamma * lambda * nextAdvantage;
      nextValue = values[t];
      advantages[t] = (float) nextAdvantage;
      returns[t] = (float) (nextAdvantage + values[t]);
    }
  }
}
