package dev.anechoic.rl.ledger;

import dev.anechoic.tensor.Tensor;

/**
 * Lets backward passes add to other storage than a parameter tensor's own gradient, which gets its
 * place back, untouched, on {@link #close}.
 */
final class RedirectedGradient implements AutoCloseable {
  private final Tensor parameters;
  private final Tensor own;

  RedirectedGradient(Tensor parameters) {
    this.parameters = parameters;
    this.own = parameters.grad();
  }

  /** Backward passes from here on add to {@code gradient}. */
  void to(Tensor gradient) {
    parameters.setGrad(gradient);
  }

  @Override
  public void close() {
    parameters.setGrad(own);
  }
}
