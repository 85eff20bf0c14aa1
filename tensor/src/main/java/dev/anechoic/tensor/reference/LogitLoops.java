package dev.anechoic.tensor.reference;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;

/** Per-token losses and measures over rows of logits. */
interface LogitLoops extends Kernels {

  @Override
  default void crossEntropy(
      Tensor logitsTensor, Tensor targetsTensor, Tensor lossTensor, Tensor lseTensor) {
    Doubles logits = Doubles.of(logitsTensor); // [N,V]
    Ints targets = Ints.of(targetsTensor); // [N]
    Doubles loss = Doubles.of(lossTensor); // [N]
    Doubles lse = Doubles.of(lseTensor); // [N]
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
    Doubles logits = Doubles.of(logitsTensor); // [N,V]
    Ints targets = Ints.of(targetsTensor); // [N]
    Doubles lse = Doubles.of(lseTensor); // [N]
    Doubles dLoss = Doubles.of(dLossTensor); // [N]
    Doubles dLogits = Doubles.of(dLogitsTensor); // [N,V]
    for (int n = 0; n < logits.rows; n++) {
      int target = targets.maskedIndex(n, logits.columns, "crossEntropyBackward", "targets");
      boolean active = target >= 0 && dLoss.at(n) != 0;
      for (int v = 0; v < logits.columns; v++) {
        double oneHot = v == target ? 1 : 0;
        double gradient =
            active ? dLoss.at(n) * (Math.exp(logits.at(n, v) - lse.at(n)) - oneHot) : 0;
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
    Doubles logits = Doubles.of(logitsTensor); // [N,V]
    Ints tokens = Ints.of(tokensTensor); // [N]
    Doubles logprobs = Doubles.of(logprobsTensor); // [N]
    Doubles lse = Doubles.of(lseTensor); // [N]
    for (int n = 0; n < logits.rows; n++) {
      int token = tokens.maskedIndex(n, logits.columns, "tokenLogProbs", "tokens");
      lse.put(n, token < 0 ? 0 : SoftmaxLoops.logSumExp(logits, n, temperature));
      logprobs.put(n, token < 0 ? 0 : logits.at(n, token) / temperature - lse.at(n));
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
    Doubles logits = Doubles.of(logitsTensor); // [N,V]
    Ints tokens = Ints.of(tokensTensor); // [N]
    Doubles lse = Doubles.of(lseTensor); // [N]
    Doubles dLogprobs = Doubles.of(dLogprobsTensor); // [N]
    Doubles dLogits = Doubles.of(dLogitsTensor); // [N,V]
    for (int n = 0; n < logits.rows; n++) {
      int token = tokens.maskedIndex(n, logits.columns, "tokenLogProbsBackward", "tokens");
      boolean active = token >= 0 && dLogprobs.at(n) != 0;
      for (int v = 0; v < logits.columns; v++) {
        double oneHot = v == token ? 1 : 0;
        double p = Math.exp(logits.at(n, v) / temperature - lse.at(n));
        double gradient = active ? dLogprobs.at(n) * (oneHot - p) / temperature : 0;
        dLogits.put(n, v, gradient, accumulate);
      }
    }
  }

  @Override
  default void entropy(
      Tensor logitsTensor, double temperature, Tensor entropyTensor, Tensor lseTensor) {
    Doubles logits = Doubles.of(logitsTensor); // [N,V]
    Doubles entropy = Doubles.of(entropyTensor); // [N]
    Doubles lse = Doubles.of(lseTensor); // [N]
    for (int n = 0; n < logits.rows; n++) {
      lse.put(n, SoftmaxLoops.logSumExp(logits, n, temperature));
      double sum = 0;
      for (int v = 0; v < logits.columns; v++) {
        double logP = logits.at(n, v) / temperature - lse.at(n);
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
    Doubles logits = Doubles.of(logitsTensor); // [N,V]
    Doubles entropy = Doubles.of(entropyTensor); // [N]
    Doubles lse = Doubles.of(lseTensor); // [N]
    Doubles dEntropy = Doubles.of(dEntropyTensor); // [N]
    Doubles dLogits = Doubles.of(dLogitsTensor); // [N,V]
    for (int n = 0; n < logits.rows; n++) {
      boolean active = dEntropy.at(n) != 0;
      for (int v = 0; v < logits.columns; v++) {
        double logP = logits.at(n, v) / temperature - lse.at(n);
        double slope = -(xLogX(logP) + Math.exp(logP) * entropy.at(n)) / temperature;
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
    Doubles logitsP = Doubles.of(logitsPTensor); // [N,V]
    Doubles logitsQ = Doubles.of(logitsQTensor); // [N,V]
    Doubles kl = Doubles.of(klTensor); // [N]
    Doubles lseP = Doubles.of(lsePTensor); // [N]
    Doubles lseQ = Doubles.of(lseQTensor); // [N]
    for (int n = 0; n < logitsP.rows; n++) {
      lseP.put(n, SoftmaxLoops.logSumExp(logitsP, n, temperature));
      lseQ.put(n, SoftmaxLoops.logSumExp(logitsQ, n, temperature));
      double sum = 0;
      for (int v = 0; v < logitsP.columns; v++) {
        double logP = logitsP.at(n, v) / temperature - lseP.at(n);
        double logQ = logitsQ.at(n, v) / temperature - lseQ.at(n);
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
    Doubles logitsP = Doubles.of(logitsPTensor); // [N,V]
    Doubles logitsQ = Doubles.of(logitsQTensor); // [N,V]
    Doubles kl = Doubles.of(klTensor); // [N]
    Doubles lseP = Doubles.of(lsePTensor); // [N]
    Doubles lseQ = Doubles.of(lseQTensor); // [N]
    Doubles dKl = Doubles.of(dKlTensor); // [N]
    Doubles dLogitsP = Doubles.of(dLogitsPTensor); // [N,V]
    for (int n = 0; n < logitsP.rows; n++) {
      boolean active = dKl.at(n) != 0;
      for (int v = 0; v < logitsP.columns; v++) {
        double logP = logitsP.at(n, v) / temperature - lseP.at(n);
        double logQ = logitsQ.at(n, v) / temperature - lseQ.at(n);
        double slope = (timesLogRatio(logP, logQ) - Math.exp(logP) * kl.at(n)) / temperature;
        dLogitsP.put(n, v, active ? dKl.at(n) * slope : 0, accumulate);
      }
    }
  }

  /** {@code p ln p}, with its limit 0 at p = 0. */
  private static double xLogX(double logP) {
    return logP == Double.NEGATIVE_INFINITY ? 0 : Math.exp(logP) * logP;
  }

  /** {@code p (ln p - ln q)}, with its limit 0 at p = 0. */
  private static double timesLogRatio(double logP, double logQ) {
    return logP == Double.NEGATIVE_INFINITY ? 0 : Math.exp(logP) * (logP - logQ);
  }
}
