package dev.anechoic.kernels.scalar;

import static dev.anechoic.kernels.scalar.Scalars.exp;
import static dev.anechoic.kernels.scalar.Scalars.expm1;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;

/** Sampled KL, PPO's clipped policy loss and its clipped value loss, per token. */
interface LossLoops extends Kernels {

  @Override
  default void klSampled(
      Tensor logprobsTensor, Tensor refLogprobsTensor, KlEstimator estimator, Tensor klTensor) {
    Floats logprobs = Floats.of(logprobsTensor); // [N]
    Floats refLogprobs = Floats.of(refLogprobsTensor); // [N]
    Floats kl = Floats.of(klTensor); // [N]
    for (int n = 0; n < kl.size; n++) {
      float logRatio = logprobs.at(n) - refLogprobs.at(n);
      kl.put(
          n,
          switch (estimator) {
            case K1 -> logRatio;
            case K2 -> logRatio * logRatio / 2;
            case K3 -> expm1(-logRatio) + logRatio;
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
    Floats logprobs = Floats.of(logprobsTensor); // [N]
    Floats refLogprobs = Floats.of(refLogprobsTensor); // [N]
    Floats dKl = Floats.of(dKlTensor); // [N]
    Floats dLogprobs = Floats.of(dLogprobsTensor); // [N]
    for (int n = 0; n < dKl.size; n++) {
      float logRatio = logprobs.at(n) - refLogprobs.at(n);
      float slope =
          switch (estimator) {
            case K1 -> 1;
            case K2 -> logRatio;
            case K3 -> -expm1(-logRatio);
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
    Floats logprobs = Floats.of(logprobsTensor); // [N]
    Floats oldLogprobs = Floats.of(oldLogprobsTensor); // [N]
    Floats advantages = Floats.of(advantagesTensor); // [N]
    Floats loss = Floats.of(lossTensor); // [N]
    Floats ratio = Floats.of(ratioTensor); // [N]
    for (int n = 0; n < loss.size; n++) {
      ratio.put(n, exp(logprobs.at(n) - oldLogprobs.at(n)));
      float unclipped = ratio.at(n) * advantages.at(n);
      float clipped =
          clip(ratio.at(n), 1 - (float) clipLow, 1 + (float) clipHigh) * advantages.at(n);
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
    Floats advantages = Floats.of(advantagesTensor); // [N]
    Floats ratio = Floats.of(ratioTensor); // [N]
    Floats dLoss = Floats.of(dLossTensor); // [N]
    Floats dLogprobs = Floats.of(dLogprobsTensor); // [N]
    for (int n = 0; n < dLoss.size; n++) {
      float unclipped = ratio.at(n) * advantages.at(n);
      float clipped =
          clip(ratio.at(n), 1 - (float) clipLow, 1 + (float) clipHigh) * advantages.at(n);
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
    Floats values = Floats.of(valuesTensor); // [N]
    Floats oldValues = Floats.of(oldValuesTensor); // [N]
    Floats returns = Floats.of(returnsTensor); // [N]
    Floats loss = Floats.of(lossTensor); // [N]
    for (int n = 0; n < loss.size; n++) {
      float clipped =
          clip(values.at(n), oldValues.at(n) - (float) clip, oldValues.at(n) + (float) clip);
      float error = values.at(n) - returns.at(n);
      float clippedError = clipped - returns.at(n);
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
    Floats values = Floats.of(valuesTensor); // [N]
    Floats oldValues = Floats.of(oldValuesTensor); // [N]
    Floats returns = Floats.of(returnsTensor); // [N]
    Floats dLoss = Floats.of(dLossTensor); // [N]
    Floats dValues = Floats.of(dValuesTensor); // [N]
    for (int n = 0; n < dLoss.size; n++) {
      float clipped =
          clip(values.at(n), oldValues.at(n) - (float) clip, oldValues.at(n) + (float) clip);
      float error = values.at(n) - returns.at(n);
      float clippedError = clipped - returns.at(n);
      boolean active = dLoss.at(n) != 0 && !(error * error < clippedError * clippedError);
      dValues.put(n, active ? dLoss.at(n) * error : 0, accumulate);
    }
  }

  private static float clip(float x, float low, float high) {
    return Math.max(low, Math.min(high, x));
  }
}
