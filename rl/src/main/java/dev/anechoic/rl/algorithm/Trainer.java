package dev.anechoic.rl.algorithm;

import java.util.List;
import java.util.Map;

/** An algorithm at work: one call per step, and its state for a checkpoint. */
public interface Trainer extends AutoCloseable {
  /**
   * What a step gives to the log.
   *
   * @param metrics keys as in {@code docs/run-folder.md}
   * @param rollout the completions of the step, with advantages and ratios
   */
  record StepResult(Map<String, Double> metrics, List<Trajectory> rollout) {}

  /** Number of steps in a full run. */
  int steps();

  /** Samples, scores and updates once; steps count from 1. */
  StepResult step(int step);

  /** Everything besides the policy's parameters that the next step depends on. */
  TrainerState state();

  @Override
  void close();
}
