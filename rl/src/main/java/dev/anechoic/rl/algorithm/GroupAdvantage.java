package dev.anechoic.rl.algorithm;

/**
 * Advantages of the samples of one prompt from their rewards alone: the group is its own baseline.
 *
 * <p>A masked sample (reward NaN: the verifier failed) takes no part and gets advantage 0.
 */
public enum GroupAdvantage {
  /**
   * {@code (r_i - mean) / (std + 1e-6)}, n-1 deviation; Shao et al., DeepSeekMath (2024), section
   * 4.1. A group without variance gets 0.
   */
  GRPO {
    @Override
    double advantage(double reward, double mean, double deviation, int count) {
      return (reward - mean) / (deviation + 1e-6);
    }
  },
  /** {@code r_i - mean}: no division, so easy and hard prompts weigh alike; Liu et al. (2025). */
  DR_GRPO {
    @Override
    double advantage(double reward, double mean, double deviation, int count) {
      return reward - mean;
    }
  },
  /** {@code r_i - mean of the others}; Ahmadian et al., "Back to basics" (2024), equation 6. */
  RLOO {
    @Override
    double advantage(double reward, double mean, double deviation, int count) {
      return (reward - mean) * count / (count - 1);
    }
  },
  /** {@code r_i - mean}, as REINFORCE with a group baseline; used without ratio clipping. */
  REINFORCE {
    @Override
    double advantage(double reward, double mean, double deviation, int count) {
      return reward - mean;
    }
  };

  abstract double advantage(double reward, double mean, double deviation, int count);

  /**
   * @param rewards [G], NaN where masked
   * @return [G]; all 0 where fewer than two samples count or their rewards are all equal
   */
  public float[] of(float[] rewards) {
    float[] advantages = new float[rewards.length];
    int count = 0;
    double sum = 0;
    for (float reward : rewards) {
      if (!Float.isNaN(reward)) {
        count++;
        sum += reward;
      }
    }
    if (count < 2 || !varies(rewards)) {
      return advantages;
    }
    double mean = sum / count;
    double squares = 0;
    for (float reward : rewards) {
      squares += Float.isNaN(reward) ? 0 : (reward - mean) * (reward - mean);
    }
    double deviation = Math.sqrt(squares / (count - 1));
    for (int i = 0; i < rewards.length; i++) {
      if (!Float.isNaN(rewards[i])) {
        advantages[i] = (float) advantage(rewards[i], mean, deviation, count);
      }
    }
    return advantages;
  }

  /** Whether the unmasked rewards of a group differ at all; if not, the group teaches nothing. */
  public static boolean varies(float[] rewards) {
    double first = Double.NaN;
    for (float reward : rewards) {
      if (Float.isNaN(reward)) {
        continue;
      }
      if (Double.isNaN(first)) {
        first = reward;
      } else if (reward != first) {
        return true;
      }
    }
    return false;
  }
}
