package dev.anechoic.rl.ledger;

import dev.anechoic.tensor.Tensor;

/**
 * What the samples of one format push through one loss term.
 *
 * <p>The momentum is the part of the optimizer's first moment that earlier gradients of the same
 * format and term have put there: the first moment is linear in the gradients, so it splits as they
 * do.
 */
final class Part {
  final String format;
  final String term;
  final Tensor gradient; // [flatSize], this update's, before the clip
  final Tensor momentum; // [flatSize], up to the last watched update

  /** Sum and sum of squares of {@code ∂L/∂z} at the deciding token, by format's opening [F]. */
  final double[] logitGradients;

  final double[] logitSquares;

  Part(String format, String term, Tensor gradient, Tensor momentum, int formats) {
    this.format = format;
    this.term = term;
    this.gradient = gradient;
    this.momentum = momentum;
    logitGradients = new double[formats];
    logitSquares = new double[formats];
  }
}
