package dev.anechoic.rl.algorithm;

import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What the loss of a micro-batch reads beside its tokens: columns [N], 0 in padding, and one
 * number.
 *
 * @param weights of a token in the mean of the minibatch
 * @param oldLogprobs of the sampling policy
 * @param policyWeights the weights without the tokens that Clip-Cov takes out
 * @param ratio uninitialised, for the policy loss to fill
 * @param chosen weights of the tokens that KL-Cov holds, or null
 * @param klCoef coefficient of the KL term
 * @param klWeights null without a KL term in the loss
 * @param refLogprobs of the base, or null likewise
 * @param values before the update, or null without a critic
 * @param returns null likewise
 */
record LossInputs(
    Tensor weights,
    Tensor oldLogprobs,
    Tensor advantages,
    Tensor policyWeights,
    Tensor ratio,
    @Nullable Tensor chosen,
    double klCoef,
    @Nullable Tensor klWeights,
    @Nullable Tensor refLogprobs,
    @Nullable Tensor values,
    @Nullable Tensor returns) {

  /** Whether the number is the same; columns may differ. */
  static boolean sameNumbers(LossInputs a, LossInputs b) {
    return a.klCoef == b.klCoef;
  }
}
