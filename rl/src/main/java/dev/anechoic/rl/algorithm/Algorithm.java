package dev.anechoic.rl.algorithm;

/** Which algorithm fine-tunes the base. */
public enum Algorithm {
  PPO,
  GRPO,
  EXPERT_ITERATION
}
