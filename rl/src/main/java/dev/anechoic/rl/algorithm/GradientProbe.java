package dev.anechoic.rl.algorithm;

import dev.anechoic.tensor.Tensor;
import java.util.List;

/**
 * Watches updates from inside: the ledger implements it. Each update calls, per micro-batch, {@link
 * #term} once per loss term and {@link #passes} once, then around the optimizer {@link
 * #beforeUpdate} and {@link #afterUpdate}. An idle probe costs nothing.
 */
public interface GradientProbe {
  /** A probe that watches nothing. */
  GradientProbe NONE = new GradientProbe() {};

  /** Whether this update is watched. */
  default boolean active() {
    return false;
  }

  /** A step begins; {@code rollout} is graded and has its advantages. */
  default void beginStep(int step, List<Trajectory> rollout) {}

  /** An update begins, on the completions of {@code minibatch}. */
  default void beginUpdate(List<Trajectory> minibatch) {}

  /**
   * A term {@code coef Σ_n weights_n loss_n} of the loss of the micro-batch.
   *
   * @param name {@code policy}, {@code kl}, {@code entropy} or {@code value}
   * @param loss [N] per completion token, recorded on the policy's tape
   * @param weights [N]
   */
  default void term(String name, double coef, Tensor loss, Tensor weights) {}

  /** The forward pass of the micro-batch is done: time for extra backward passes. */
  default void passes(Policy policy, MicroBatch batch) {}

  /** The gradient is complete, the parameters are still the old ones. */
  default void beforeUpdate(Policy policy) {}

  /** The parameters are the new ones. */
  default void afterUpdate(Policy policy) {}
}
