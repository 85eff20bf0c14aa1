package dev.anechoic.rl.algorithm;

import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Watches updates from inside: the ledger implements it. Each update calls {@link #beginUpdate};
 * then, per micro-batch, {@link #outputs}, {@link #term} once per loss term and, where the update
 * is {@link #active}, {@link #passes}; then {@link #beforeUpdate} and {@link #afterUpdate} around
 * the optimizer. A probe changes nothing that training reads. An idle probe costs nothing.
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
   * What the losses of the micro-batch are made of, on the policy's tape.
   *
   * @param logits [N,V]
   * @param logprobs [N] of the completion tokens; null where the loss goes from logits directly, as
   *     the cross-entropy does
   */
  default void outputs(Tensor logits, @Nullable Tensor logprobs) {}

  /**
   * A term {@code coef Σ_n weights_n loss_n} of the loss of the micro-batch.
   *
   * @param name {@code policy}, {@code kl}, {@code entropy} or {@code value}
   * @param loss [N] per completion token, recorded on the policy's tape
   * @param weights [N]
   */
  default void term(String name, double coef, Tensor loss, Tensor weights) {}

  /**
   * The forward pass of the micro-batch is done: time for extra backward passes.
   *
   * @param others parameters besides the policy's that a backward pass over this tape reaches
   */
  default void passes(Policy policy, MicroBatch batch, List<Parameters> others) {}

  /** The gradient is complete, the parameters are still the old ones. */
  default void beforeUpdate(Policy policy, double lr) {}

  /** The parameters are the new ones. */
  default void afterUpdate(Policy policy) {}
}
