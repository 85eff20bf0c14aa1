package dev.anechoic.rl.algorithm;

import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What is read of a micro-batch after its passes, [N] each.
 *
 * @param logprobs of the completion tokens under the policy in training
 * @param ratio of its probabilities to the sampling policy's
 * @param valueLoss null without a critic
 */
record LossResults(
    Tensor logprobs, Tensor ratio, Tensor policyLoss, Tensor entropy, @Nullable Tensor valueLoss) {

  /** Copies into columns of the batch, which stay when the tape is reset. */
  LossResults copiedTo(MicroBatch batch) {
    return new LossResults(
        copy(batch, logprobs),
        ratio,
        copy(batch, policyLoss),
        copy(batch, entropy),
        valueLoss == null ? null : copy(batch, valueLoss));
  }

  private static Tensor copy(MicroBatch batch, Tensor result) {
    Tensor copy = batch.empty();
    result.arena().backend().copy(result, copy);
    return copy;
  }
}
