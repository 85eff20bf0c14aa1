package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Losses and measures over rows of logits, and sampling from them. */
interface CudaLogits extends CudaKernels {

  @Override
  default void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse) {
    gpu()
        .rows("crossEntropy", logits.rows(), logits.columns())
        .arg(logits)
        .arg(targets)
        .out(loss)
        .out(lse)
        .arg(logits.rows())
        .arg(logits.columns())
        .arg(gpu().indexReport())
        .launch();
  }

  @Override
  default void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits, boolean accumulate) {
    gpu()
        .rows("crossEntropyBackward", logits.rows(), logits.columns())
        .arg(logits)
        .arg(targets)
        .arg(lse)
        .arg(dLoss)
        .out(dLogits)
        .arg(logits.rows())
        .arg(logits.columns())
        .arg(accumulate)
        .arg(gpu().indexReport())
        .launch();
  }

  @Override
  default void tokenLogProbs(
      Tensor logits, Tensor tokens, double temperature, Tensor logprobs, Tensor lse) {
    gpu()
        .rows("tokenLogProbs", logits.rows(), logits.columns())
        .arg(logits)
        .arg(tokens)
        .out(logprobs)
        .out(lse)
        .arg(logits.rows())
        .arg(logits.columns())
        .arg((float) (1 / temperature))
        .arg(gpu().indexReport())
        .launch();
  }

  @Override
  default void tokenLogProbsBackward(
      Tensor logits,
      Tensor tokens,
      double temperature,
      Tensor lse,
      Tensor dLogprobs,
      Tensor dLogits,
      boolean accumulate) {
    gpu()
        .rows("tokenLogProbsBackward", logits.rows(), logits.columns())
        .arg(logits)
        .arg(tokens)
        .arg(lse)
        .arg(dLogprobs)
        .out(dLogits)
        .arg(logits.rows())
        .arg(logits.columns())
        .arg((float) (1 / temperature))
        .arg(accumulate)
        .arg(gpu().indexReport())
        .launch();
  }

  @Override
  default void entropy(Tensor logits, double temperature, Tensor entropy, Tensor lse) {
    gpu()
        .rows("entropy", logits.rows(), logits.columns())
        .arg(logits)
        .out(entropy)
        .out(lse)
        .arg(logits.rows())
        .arg(logits.columns())
        .arg((float) (1 / temperature))
        .launch();
  }

  @Override
  default void entropyBackward(
      Tensor logits,
      double temperature,
      Tensor entropy,
      Tensor lse,
      Tensor dEntropy,
      Tensor dLogits,
      boolean accumulate) {
    gpu()
        .rows("entropyBackward", logits.rows(), logits.columns())
        .arg(logits)
        .arg(entropy)
        .arg(lse)
        .arg(dEntropy)
        .out(dLogits)
        .arg(logits.rows())
        .arg(logits.columns())
        .arg((float) (1 / temperature))
        .arg(accumulate)
        .launch();
  }

  @Override
  default void klFull(
      Tensor logitsP, Tensor logitsQ, double temperature, Tensor kl, Tensor lseP, Tensor lseQ) {
    gpu()
        .rows("klFull", logitsP.rows(), logitsP.columns())
        .arg(logitsP)
        .arg(logitsQ)
        .out(kl)
        .out(lseP)
        .out(lseQ)
        .arg(logitsP.rows())
        .arg(logitsP.columns())
        .arg((float) (1 / temperature))
        .launch();
  }

  @Override
  default void klFullBackward(
      Tensor logitsP,
      Tensor logitsQ,
      double temperature,
      Tensor kl,
      Tensor lseP,
      Tensor lseQ,
      Tensor dKl,
      Tensor dLogitsP,
      boolean accumulate) {
    gpu()
        .rows("klFullBackward", logitsP.rows(), logitsP.columns())
        .arg(logitsP)
        .arg(logitsQ)
        .arg(kl)
        .arg(lseP)
        .arg(lseQ)
        .arg(dKl)
        .out(dLogitsP)
        .arg(logitsP.rows())
        .arg(logitsP.columns())
        .arg((float) (1 / temperature))
        .arg(accumulate)
        .launch();
  }

  @Override
  default void sample(
      Tensor logits,
      double temperature,
      int topK,
      double topP,
      Tensor address,
      Tensor samples,
      Tensor positions,
      Tensor tokens,
      Tensor logprobs) {
    boolean greedy = temperature == 0;
    int columns = logits.columns();
    int rows = Math.toIntExact(logits.rows());
    // The block of a row has the shape it has in tokenLogProbs: the log-probs are the same bits.
    gpu()
        .kernel("sample", rows, 1, 1, CudaDevice.rowThreads(columns), 0)
        .arg(logits)
        .arg(columns)
        .arg(greedy)
        .arg(greedy ? 1f : (float) (1 / temperature))
        .arg(topK)
        .arg((float) topP)
        .arg(address)
        .arg(samples)
        .arg(positions)
        .out(tokens)
        .out(logprobs)
        .arg(columns <= CudaDevice.WARP_COLUMNS)
        .launch();
  }

  @Override
  default void advance(
      Tensor drawn,
      Tensor drawnLogprobs,
      @Nullable Tensor drawnReadouts,
      int stopToken,
      boolean refill,
      Tensor queue,
      Tensor progress,
      Tensor state,
      Tensor tokens,
      Tensor logprobs,
      @Nullable Tensor readouts) {
    int rows = Math.toIntExact(drawn.size());
    int threads = Math.min(1024, CudaKernels.blocks(rows, 32) * 32);
    gpu()
        .kernel("advance", 1, 1, 1, threads, 0)
        .arg(drawn)
        .arg(drawnLogprobs)
        .arg(drawnReadouts)
        .arg(stopToken)
        .arg(refill)
        .arg(queue)
        .out(progress)
        .out(state)
        .out(tokens)
        .out(logprobs)
        .arg(readouts)
        .arg(rows)
        .arg(tokens.columns())
        .launch();
  }
}
