package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Kernels.KlEstimator;
import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Sampled estimators of KL(policy || reference) from the log-probs of a drawn token; Schulman,
 * "Approximating KL divergence" (2020). With d = logprob - refLogprob: {@code k1 = d; k2 = d²/2; k3
 * = exp(-d) - 1 + d}.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class KlSampled extends Node {
  private Tensor logprobs;
  private Tensor refLogprobs;
  private Tensor y;
  private KlEstimator estimator;

  private KlSampled() {}

  /** logprobs and constant refLogprobs [N] to estimates [N], in nats. */
  public static Tensor forward(
      Tape tape, Tensor logprobs, Tensor refLogprobs, KlEstimator estimator) {
    Check.floating("klSampled", logprobs, refLogprobs);
    Check.sameSize("klSampled", logprobs, refLogprobs);
    Tensor y = tape.arena().like(logprobs);
    tape.backend().klSampled(logprobs, refLogprobs, estimator, y);
    if (tape.records(logprobs)) {
      KlSampled node = tape.push(KlSampled.class, KlSampled::new, y);
      node.logprobs = logprobs;
      node.refLogprobs = refLogprobs;
      node.y = y;
      node.estimator = estimator;
    }
    return y;
  }

  /** {@code k1' = 1; k2' = d; k3' = 1 - exp(-d)}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(logprobs);
    tape.backend()
        .klSampledBackward(logprobs, refLogprobs, estimator, y.grad(), logprobs.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
