package dev.anechoic.model.transformer;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.MemoryLedger;

/** What training a model is going to need, stated in the ledger before the first step. */
public final class MemoryPlan {
  private MemoryPlan() {}

  /**
   * Plans for one micro-batch at a time.
   *
   * @param sequences in a micro-batch
   * @param time tokens in a sequence
   * @param checkpointing whether only the inputs of blocks are kept
   * @param bytesPerElement of parameters and activations
   */
  public static void training(
      MemoryLedger ledger,
      ModelConfig config,
      int sequences,
      int time,
      boolean checkpointing,
      int bytesPerElement) {
    long parameterBytes = ParameterLayout.of(config).flatSize() * bytesPerElement;
    ledger.plan(Arena.Tag.PARAMETERS, parameterBytes);
    ledger.plan(Arena.Tag.GRADIENTS, parameterBytes);
    ledger.plan(Arena.Tag.OPTIMIZER, 2 * parameterBytes);
    long tokens = (long) sequences * time;
    long elements = tokens * activationsPerToken(config, checkpointing);
    ledger.plan(Arena.Tag.ACTIVATIONS, elements * bytesPerElement);
  }

  /** Elements alive at the turn from forward to backward, and the gradients of one block. */
  private static long activationsPerToken(ModelConfig config, boolean checkpointing) {
    long c = config.channels();
    long f = config.ffnChannels();
    // norm, qkv, attention and its log-sum-exp, projection, sum; norm, gate and up, product,
    // projection, sum; mean and deviation of both norms
    long block = 8 * c + config.qkvChannels() + config.heads() + 3 * f + 4;
    long blockGradients = 2 * c + 3 * f;
    long kept = checkpointing ? config.layers() * c + block : config.layers() * block;
    long logitsAndGradient = 2L * config.vocabSize();
    return kept + 2 * c + Math.max(blockGradients, logitsAndGradient);
  }
}
