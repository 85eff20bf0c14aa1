package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Per-token losses and the optimizer: {@code kl.cu}, {@code *_loss.cu}, {@code adamw.cu}. */
interface CudaLosses extends CudaKernels {

  @Override
  default void klSampled(Tensor logprobs, Tensor refLogprobs, KlEstimator estimator, Tensor kl) {
    gpu()
        .elements("klSampled", kl.size())
        .arg(logprobs)
        .arg(refLogprobs)
        .arg(estimator.ordinal())
        .out(kl)
        .arg(kl.size())
        .launch();
  }

  @Override
  default void klSampledBackward(
      Tensor logprobs,
      Tensor refLogprobs,
      KlEstimator estimator,
      Tensor dKl,
      Tensor dLogprobs,
      boolean accumulate) {
    gpu()
        .elements("klSampledBackward", dKl.size())
        .arg(logprobs)
        .arg(refLogprobs)
        .arg(estimator.ordinal())
        .arg(dKl)
        .out(dLogprobs)
        .arg(dKl.size())
        .arg(accumulate)
        .launch();
  }

  @Override
  default void policyLoss(
      Tensor logprobs,
      Tensor oldLogprobs,
      Tensor advantages,
      double clipLow,
      double clipHigh,
      Tensor loss,
      Tensor ratio) {
    gpu()
        .elements("policyLoss", loss.size())
        .arg(logprobs)
        .arg(oldLogprobs)
        .arg(advantages)
        .arg((float) clipLow)
        .arg((float) clipHigh)
        .out(loss)
        .out(ratio)
        .arg(loss.size())
        .launch();
  }

  @Override
  default void policyLossBackward(
      Tensor advantages,
      double clipLow,
      double clipHigh,
      Tensor ratio,
      Tensor dLoss,
      Tensor dLogprobs,
      boolean accumulate) {
    gpu()
        .elements("policyLossBackward", dLoss.size())
        .arg(advantages)
        .arg((float) clipLow)
        .arg((float) clipHigh)
        .arg(ratio)
        .arg(dLoss)
        .out(dLogprobs)
        .arg(dLoss.size())
        .arg(accumulate)
        .launch();
  }

  @Override
  default void valueLoss(
      Tensor values, Tensor oldValues, Tensor returns, double clip, Tensor loss) {
    gpu()
        .elements("valueLoss", loss.size())
        .arg(values)
        .arg(oldValues)
        .arg(returns)
        .arg((float) clip)
        .out(loss)
        .arg(loss.size())
        .launch();
  }

  @Override
  default void valueLossBackward(
      Tensor values,
      Tensor oldValues,
      Tensor returns,
      double clip,
      Tensor dLoss,
      Tensor dValues,
      boolean accumulate) {
    gpu()
        .elements("valueLossBackward", dLoss.size())
        .arg(values)
        .arg(oldValues)
        .arg(returns)
        .arg((float) clip)
        .arg(dLoss)
        .out(dValues)
        .arg(dLoss.size())
        .arg(accumulate)
        .launch();
  }

  @Override
  default void adamW(
      Tensor param,
      Tensor grad,
      Tensor m,
      Tensor v,
      Tensor rates,
      double beta1,
      double beta2,
      double eps,
      @Nullable Tensor gradFactor) {
    gpu()
        .elements("adamW", (param.size() + 3) / 4)
        .out(param)
        .arg(grad)
        .out(m)
        .out(v)
        .arg(param.size())
        .arg(rates)
        .arg((float) beta1)
        .arg((float) beta2)
        .arg((float) eps)
        .arg(gradFactor)
        .launch();
  }
}
