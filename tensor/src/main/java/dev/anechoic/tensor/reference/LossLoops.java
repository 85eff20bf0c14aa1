package dev.anechoic.tensor.reference;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;

/** Sampled KL, PPO's clipped policy loss and its clipped value loss, per token. */
interface LossLoops extends Kernels {

  @Override
  default void klSampled(
      Tensor logprobsTensor, Tensor refLogprobsTensor, KlEstimator estimator, Tensor klTensor) {
    Doubles logprobs = Doubles.of(logprobsTensor); // [N]
    Doubles refLogprobs = Doubles.of(refLogprobsTensor); // [N]
    Doubles kl = Doubles.of(klTensor); // [N]
    for (int n = 0; n < kl.size; n++) {
      double logRatio = logprobs.at(n) - refLogprobs.at(n);
      kl.put(
          n,
          switch (estimator) {
            case K1 -> logRatio;
            case K2 -> logRatio * logRatio / 2;
            case K3 -> Math.expm1(-logRatio) + logRatio;
          });
    }
  }

  @Override
  default void klSampledBackward(
      Tensor logprobsTensor,
      Tensor refLogprobsTensor,
      KlEstimator estimator,
      Tensor dKlTensor,
      Tensor dLogprobsTensor,
      boolean accumulate) {
    Doubles logprobs = Doubles.of(logprobsTensor); // [N]
    Doubles refLogprobs = Doubles.of(refLogprobsTensor); // [N]
    Doubles dKl = Doubles.of(dKlTensor); // [N]
    Doubles dLogprobs = Doubles.of(dLogprobsTensor); // [N]
    for (int n = 0; n < dKl.size; n++) {
      double logRatio = logprobs.at(n) - refLogprobs.at(n);
      double slope =
          switch (estimator) {
            case K1 -> 1;
            case K2 -> logRatio;
            case K3 -> -Math.expm1(-logRatio);
          };
      dLogprobs.put(n, dKl.at(n) == 0 ? 0 : dKl.at(n) * slope, accumulate);
    }
  }

  @Override
  default void policyLoss(
      Tensor logprobsTensor,
      Tensor oldLogprobsTensor,
      Tensor advantagesTensor,
      double clipLow,
      double clipHigh,
      Tensor lossTensor,
      Tensor ratioTensor) {
    Doubles logprobs = Doubles.of(logprobsTensor); // [N]
    Doubles oldLogprobs = Doubles.of(oldLogprobsTensor); // [N]
    Doubles advantages = Doubles.of(advantagesTensor); // [N]
    Doubles loss = Doubles.of(lossTensor); // [N]
    Doubles ratio = Doubles.of(ratioTensor); // [N]
    for (int n = 0; n < loss.size; n++) {
      ratio.put(n, Math.exp(logprobs.at(n) - oldLogprobs.at(n)));
      double unclipped = ratio.at(n) * advantages.at(n);
      double clipped = clip(ratio.at(n), 1 - clipLow, 1 + clipHigh) * advantages.at(n);
      loss.put(n, -Math.min(unclipped, clipped));
    }
  }

  @Override
  default void policyLossBackward(
      Tensor advantagesTensor,
      double clipLow,
      double clipHigh,
      Tensor ratioTensor,
      Tensor dLossTensor,
      Tensor dLogprobsTensor,
      boolean accumulate) {
    Doubles advantages = Doubles.of(advantagesTensor); // [N]
    Doubles ratio = Doubles.of(ratioTensor); // [N]
    Doubles dLoss = Doubles.of(dLossTensor); // [N]
    Doubles dLogprobs = Doubles.of(dLogprobsTensor); // [N]
    for (int n = 0; n < dLoss.size; n++) {
      double unclipped = ratio.at(n) * advantages.at(n);
      double clipped = clip(ratio.at(n), 1 - clipLow, 1 + clipHigh) * advantages.at(n);
      boolean active = dLoss.at(n) != 0 && !(unclipped > clipped);
      dLogprobs.put(n, active ? -dLoss.at(n) * unclipped : 0, accumulate);
    }
  }

  @Override
  default void valueLoss(
      Tensor valuesTensor,
      Tensor oldValuesTensor,
      Tensor returnsTensor,
      double clip,
      Tensor lossTensor) {
    Doubles values = Doubles.of(valuesTensor); // [N]
    Doubles oldValues = Doubles.of(oldValuesTensor); // [N]
    Doubles returns = Doubles.of(returnsTensor); // [N]
    Doubles loss = Doubles.of(lossTensor); // [N]
    for (int n = 0; n < loss.size; n++) {
      double clipped = clip(values.at(n), oldValues.at(n) - clip, oldValues.at(n) + clip);
      double error = values.at(n) - returns.at(n);
      double clippedError = clipped - returns.at(n);
      loss.put(n, Math.max(error * error, clippedError * clippedError) / 2);
    }
  }

  @Override
  default void valueLossBackward(
      Tensor valuesTensor,
      Tensor oldValuesTensor,
      Tensor returnsTensor,
      double clip,
      Tensor dLossTensor,
      Tensor dValuesTensor,
      boolean accumulate) {
    Doubles values = Doubles.of(valuesTensor); // [N]
    Doubles oldValues = Doubles.of(oldValuesTensor); // [N]
    Doubles returns = Doubles.of(returnsTensor); // [N]
    Doubles dLoss = Doubles.of(dLossTensor); // [N]
    Doubles dValues = Doubles.of(dValuesTensor); // [N]
    for (int n = 0; n < dLoss.size; n++) {
      double clipped = clip(values.at(n), oldValues.at(n) - clip, oldValues.at(n) + clip);
      double error = values.at(n) - returns.at(n);
      double clippedError = clipped - returns.at(n);
      boolean active = dLoss.at(n) != 0 && !(error * error < clippedError * clippedError);
      dValues.put(n, active ? dLoss.at(n) * error : 0, accumulate);
    }
  }

  private static double clip(double x, double low, double high) {
    return Math.max(low, Math.min(high, x));
  }
}
