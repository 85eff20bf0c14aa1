package dev.anechoic.kernels.scalar;

import static dev.anechoic.kernels.scalar.Scalars.exp;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;

/** Per-token losses and measures over rows of logits. */
interface LogitLoops extends Kernels {

  @Override
  default void crossEntropy(
      Tensor logitsTensor, Tensor targetsTensor, Tensor lossTensor, Tensor lseTensor) {
    Floats logits = Floats.of(logitsTensor); // [N,V]
    Ints targets = Ints.of(targetsTensor); // [N]
    Floats loss = Floats.of(lossTensor); // [N]
    Floats lse = Floats.of(lseTensor); // [N]
    for (int n = 0; n < logits.rows; n++) {
      int target = targets.maskedIndex(n, logits.columns, "crossEntropy", "targets");
      lse.put(n, target < 0 ? 0 : SoftmaxLoops.logSumExp(logits, n, 1));
      loss.put(n, target < 0 ? 0 : lse.at(n) - logits.at(n, target));
    }
  }

  @Override
  default void crossEntropyBackward(
      Tensor logitsTensor,
      Tensor targetsTensor,
      Tensor lseTensor,
      Tensor dLossTensor,
      Tensor dLogitsTensor,
      boolean accumulate) {
    Floats logits = Floats.of(logitsTensor); // [N,V]
    Ints targets = Ints.of(targetsTensor); // [N]
    Floats lse = Floats.of(lseTensor); // [N]
    Floats dLoss = Floats.of(dLossTensor); // [N]
    Floats dLogits = Floats.of(dLogitsTensor); // [N,V]
    for (int n = 0; n < logits.rows; n++) {
      int target = targets.maskedIndex(n, logits.columns, "crossEntropyBackward", "targets");
      boolean active = target >= 0 && dLoss.at(n) != 0;
      for (int v = 0; v < logits.columns; v++) {
        float oneHot = v == target ? 1 : 0;
        float gradient = active ? dLoss.at(n) * (exp(logits.at(n, v) - lse.at(n)) - oneHot) : 0;
        dLogits.put(n, v, gradient, accumulate);
      }
    }
  }

  @Override
  default void tokenLogProbs(
      Tensor logitsTensor,
      Tensor tokensTensor,
      double temperature,
      Tensor logprobsTensor,
      Tensor lseTensor) {
    Floats logits = Floats.of(logitsTensor); // [N,V]
    Ints tokens = Ints.of(tokensTensor); // [N]
    Floats logprobs = Floats.of(logprobsTensor); // [N]
    Floats lse = Floats.of(lseTensor); // [N]
    for (int n = 0; n < logits.rows; n++) {
      int token = tokens.maskedIndex(n, logits.columns, "tokenLogProbs", "tokens");
      lse.put(n, token < 0 ? 0 : SoftmaxLoops.logSumExp(logits, n, (float) temperature));
      logprobs.put(n, token < 0 ? 0 : logits.at(n, token) / (float) temperature - lse.at(n));
    }
  }

  @Override
  default void tokenLogProbsBackward(
      Tensor logitsTensor,
      Tensor tokensTensor,
      double temperature,
      Tensor lseTensor,
      Tensor dLogprobsTensor,
      Tensor dLogitsTensor,
      boolean accumulate) {
    Floats logits = Floats.of(logitsTensor); // [N,V]
    Ints tokens = Ints.of(tokensTensor); // [N]
    Floats lse = Floats.of(lseTensor); // [N]
    Floats dLogprobs = Floats.of(dLogprobsTensor); // [N]
    Floats dLogits = Floats.of(dLogitsTensor); // [N,V]
    for (int n = 0; n < logits.rows; n++) {
      int token = tokens.maskedIndex(n, logits.columns, "tokenLogProbsBackward", "tokens");
      boolean active = token >= 0 && dLogprobs.at(n) != 0;
      for (int v = 0; v < logits.columns; v++) {
        float oneHot = v == token ? 1 : 0;
        float p = exp(logits.at(n, v) / (float) temperature - lse.at(n));
        float gradient = active ? dLogprobs.at(n) * (oneHot - p) / (float) temperature : 0;
        dLogits.put(n, v, gradient, accumulate);
      }
    }
  }

  @Override
  default void entropy(
      Tensor logitsTensor, double temperature, Tensor entropyTensor, Tensor lseTensor) {
    Floats logits = Floats.of(logitsTensor); // [N,V]
    Floats entropy = Floats.of(entropyTensor); // [N]
    Floats lse = Floats.of(lseTensor); // [N]
    for (int n = 0; n < logits.rows; n++) {
      lse.put(n, SoftmaxLoops.logSumExp(logits, n, (float) temperature));
      float sum = 0;
      for (int v = 0; v < logits.columns; v++) {
        float logP = logits.at(n, v) / (float) temperature - lse.at(n);
        sum -= xLogX(logP);
      }
      entropy.put(n, sum);
    }
  }

  @Override
  default void entropyBackward(
      Tensor logitsTensor,
      double temperature,
      Tensor entropyTensor,
      Tensor lseTensor,
      Tensor dEntropyTensor,
      Tensor dLogitsTensor,
      boolean accumulate) {
    Floats logits = Floats.of(logitsTensor); // [N,V]
    Floats entropy = Floats.of(entropyTensor); // [N]
    Floats lse = Floats.of(lseTensor); // [N]
    Floats dEntropy = Floats.of(dEntropyTensor); // [N]
    Floats dLogits = Floats.of(dLogitsTensor); // [N,V]
    for (int n = 0; n < logits.rows; n++) {
      boolean active = dEntropy.at(n) != 0;
      for (int v = 0; v < logits.columns; v++) {
        float logP = logits.at(n, v) / (float) temperature - lse.at(n);
        float slope = -(xLogX(logP) + exp(logP) * entropy.at(n)) / (float) temperature;
        dLogits.put(n, v, active ? dEntropy.at(n) * slope : 0, accumulate);
      }
    }
  }

  @Override
  default void klFull(
      Tensor logitsPTensor,
      Tensor logitsQTensor,
      double temperature,
      Tensor klTensor,
      Tensor lsePTensor,
      Tensor lseQTensor) {
    Floats logitsP = Floats.of(logitsPTensor); // [N,V]
    Floats logitsQ = Floats.of(logitsQTensor); // [N,V]
    Floats kl = Floats.of(klTensor); // [N]
    Floats lseP = Floats.of(lsePTensor); // [N]
    Floats lseQ = Floats.of(lseQTensor); // [N]
    for (int n = 0; n < logitsP.rows; n++) {
      lseP.put(n, SoftmaxLoops.logSumExp(logitsP, n, (float) temperature));
      lseQ.put(n, SoftmaxLoops.logSumExp(logitsQ, n, (float) temperature));
      float sum = 0;
      for (int v = 0; v < logitsP.columns; v++) {
        float logP = logitsP.at(n, v) / (float) temperature - lseP.at(n);
        float logQ = logitsQ.at(n, v) / (float) temperature - lseQ.at(n);
        sum += timesLogRatio(logP, logQ);
      }
      kl.put(n, sum);
    }
  }

  @Override
  default void klFullBackward(
      Tensor logitsPTensor,
      Tensor logitsQTensor,
      double temperature,
      Tensor klTensor,
      Tensor lsePTensor,
      Tensor lseQTensor,
      Tensor dKlTensor,
      Tensor dLogitsPTensor,
      boolean accumulate) {
    Floats logitsP = Floats.of(logitsPTensor); // [N,V]
    Floats logitsQ = Floats.of(logitsQTensor); // [N,V]
    Floats kl = Floats.of(klTensor); // [N]
    Floats lseP = Floats.of(lsePTensor); // [N]
    Floats lseQ = Floats.of(lseQTensor); // [N]
    Floats dKl = Floats.of(dKlTensor); // [N]
    Floats dLogitsP = Floats.of(dLogitsPTensor); // [N,V]
    for (int n = 0; n < logitsP.rows; n++) {
      boolean active = dKl.at(n) != 0;
      for (int v = 0; v < logitsP.columns; v++) {
        float logP = logitsP.at(n, v) / (float) temperature - lseP.at(n);
        float logQ = logitsQ.at(n, v) / (float) temperature - lseQ.at(n);
        float slope = (timesLogRatio(logP, logQ) - exp(logP) * kl.at(n)) / (float) temperature;
        dLogitsP.put(n, v, active ? dKl.at(n) * slope : 0, accumulate);
      }
    }
  }

  /** {@code p ln p}, with its limit 0 at p = 0. */
  private static float xLogX(float logP) {
    return logP == Float.NEGATIVE_INFINITY ? 0 : exp(logP) * logP;
  }

  /** {@code p (ln p - ln q)}, with its limit 0 at p = 0. */
  private static float timesLogRatio(float logP, float logQ) {
    return logP == Float.NEGATIVE_INFINITY ? 0 : exp(logP) * (logP - logQ);
  }
}
