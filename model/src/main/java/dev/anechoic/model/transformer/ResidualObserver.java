package dev.anechoic.model.transformer;

import dev.anechoic.tensor.Tensor;

/** Sees the residual stream during a forward pass, for a logit lens and the like. */
@FunctionalInterface
public interface ResidualObserver {
  /**
   * @param layer 0 for the embedding, i for the output of the i-th block
   * @param residual [B*T,C], before the final norm; lives until the tape is reset
   */
  void observe(int layer, Tensor residual);

  /**
   * What the heads of a block have gathered, before their projection: copy what is needed, since
   * the memory is used again at once.
   *
   * @param block index of the block
   * @param heads [B*T,H*D], head after head
   */
  default void attended(int block, Tensor heads) {}
}
