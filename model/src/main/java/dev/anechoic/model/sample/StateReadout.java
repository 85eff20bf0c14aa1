package dev.anechoic.model.sample;

import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Reads a number off the state that chose each drawn token, such as a critic's value: the sampler
 * has that state in its hands, and another pass over the completion would compute it again.
 */
@FunctionalInterface
public interface StateReadout {
  /**
   * Called by all threads of the sampler.
   *
   * @param tape of the calling thread, not recording
   * @param hidden final hidden states, [N,C]
   * @return [N]; row n depends on row n alone
   */
  Tensor read(Tape tape, Tensor hidden);
}
