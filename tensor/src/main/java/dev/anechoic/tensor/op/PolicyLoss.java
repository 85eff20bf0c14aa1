package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * PPO's clipped surrogate as a loss per token; Schulman et al., "Proximal policy optimization"
 * (2017), equation 7: {@code ratio = exp(logprob - oldLogprob); loss = -min(ratio A, clip(ratio, 1
 * - clipLow, 1 + clipHigh) A)}. Unequal bounds are "clip-higher" of DAPO (2025).
 *
 * <p>Saves the ratio. A masked token is one whose loss gets gradient 0: its slots may hold NaN.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class PolicyLoss extends Node {
  private Tensor logprobs;
  private Tensor advantages;
  private Tensor ratio;
  private Tensor y;
  private double clipLow;
  private double clipHigh;

  private PolicyLoss() {}

  /**
   * @param logprobs [N]
   * @param oldLogprobs [N], of the policy that sampled, constant
   * @param advantages [N], constant
   * @param ratio [N], filled with the ratios, for metrics
   * @return losses [N]
   */
  public static Tensor forward(
      Tape tape,
      Tensor logprobs,
      Tensor oldLogprobs,
      Tensor advantages,
      double clipLow,
      double clipHigh,
      Tensor ratio) {
    Check.floating("policyLoss", logprobs, oldLogprobs);
    Check.floating("policyLoss", advantages, ratio);
    Check.sameSize("policyLoss", logprobs, oldLogprobs);
    Check.sameSize("policyLoss", logprobs, advantages);
    Check.sameSize("policyLoss", logprobs, ratio);
    Check.shape(
        clipLow >= 0 && clipHigh >= 0, "policyLoss", logprobs, "expected clips of at least 0");
    Tensor y = tape.arena().like(logprobs);
    tape.backend().policyLoss(logprobs, oldLogprobs, advantages, clipLow, clipHigh, y, ratio);
    if (tape.records(logprobs)) {
      PolicyLoss node = tape.push(PolicyLoss.class, PolicyLoss::new, y);
      node.logprobs = logprobs;
      node.advantages = advantages;
      node.ratio = ratio;
      node.y = y;
      node.clipLow = clipLow;
      node.clipHigh = clipHigh;
    }
    return y;
  }

  /** {@code dLogprob = -dLoss A ratio} where the unclipped branch is the smaller, else 0. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(logprobs);
    tape.backend()
        .policyLossBackward(
            advantages, clipLow, clipHigh, ratio, y.grad(), logprobs.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
