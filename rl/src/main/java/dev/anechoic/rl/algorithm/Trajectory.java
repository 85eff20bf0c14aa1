package dev.anechoic.rl.algorithm;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One sampled completion with all that RL attaches to it. Arrays have one entry per completion
 * token; log-probs are in nats at the rollout's temperature.
 */
public final class Trajectory {
  /** Index of the prompt within the step, and of the sample within its group. */
  public final int prompt;

  public final int sample;

  /** Name of the problem. */
  public final String promptId;

  public final String promptText;
  public final int[] promptTokens;

  /** Sampled tokens, with the end token where there is one. */
  public final int[] tokens;

  /**
   * Log-probs under the sampling policy, the sampler's own bits. Where it drew from a nucleus, they
   * are over the nucleus until the policy has scored the completion.
   */
  public float[] logprobs;

  public final String text;
  public final Grade grade;

  /** Reward of the completion; NaN where masked. */
  public final float reward;

  /**
   * Whether an opening was given with the prompt, so that the format was not the policy's choice.
   */
  public boolean forced;

  /** Log-probs under the reference model; empty until scored. */
  public float[] refLogprobs = {};

  /** Entropy of the policy at each token, nats; empty until scored. */
  public float[] entropies = {};

  /** Values before the update; empty without a critic. */
  public float[] values = {};

  public float[] advantages;
  public float[] returns = {};

  /** Ratio of the last pass over this completion; null before the first. */
  public float @Nullable [] ratios;

  Trajectory(
      int prompt,
      int sample,
      String promptId,
      String promptText,
      int[] promptTokens,
      int[] tokens,
      float[] logprobs,
      String text,
      Grade grade) {
    this.prompt = prompt;
    this.sample = sample;
    this.promptId = promptId;
    this.promptText = promptText;
    this.promptTokens = promptTokens;
    this.tokens = tokens;
    this.logprobs = logprobs;
    this.text = text;
    this.grade = grade;
    this.reward = grade.reward();
    this.advantages = new float[tokens.length];
  }

  /** Number of completion tokens. */
  public int length() {
    return tokens.length;
  }

  /** A masked completion, whose verifier failed, trains nothing and counts in no mean. */
  public boolean masked() {
    return Float.isNaN(reward);
  }

  /** One advantage for all tokens. */
  void setAdvantage(float advantage) {
    Arrays.fill(advantages, advantage);
  }

  /** Advantage of the completion: mean over its tokens. */
  public double advantage() {
    double sum = 0;
    for (float a : advantages) {
      sum += a;
    }
    return length() == 0 ? 0 : sum / length();
  }

  /** {@code log π(y)} at the time of sampling. */
  public double logprob() {
    double sum = 0;
    for (float l : logprobs) {
      sum += l;
    }
    return sum;
  }

  /** {@code log π(y) - log π_ref(y)}: the k1 estimate of the completion's KL; NaN if not scored. */
  public double kl() {
    if (refLogprobs.length != logprobs.length) {
      return Double.NaN;
    }
    double sum = 0;
    for (int t = 0; t < logprobs.length; t++) {
      sum += logprobs[t] - refLogprobs[t];
    }
    return sum;
  }
}
