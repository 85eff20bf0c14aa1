package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Weighted sum of a vector: {@code y = Σ_n weights_n x_n}. The masked mean of a per-token loss is
 * the case weights = mask / count; a slot of weight 0 is skipped, whatever it holds.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class WeightedSum extends Node {
  private Tensor x;
  private Tensor weights;
  private Tensor y;

  private WeightedSum() {}

  /** x [N] and constant weights [N] to y [1]. */
  public static Tensor forward(Tape tape, Tensor x, Tensor weights) {
    Check.floating("weightedSum", x, weights);
    Check.sameSize("weightedSum", x, weights);
    Tensor y = tape.arena().tensor(x.dtype(), 1);
    tape.backend().weightedSum(x, weights, y);
    if (tape.records(x)) {
      WeightedSum node = tape.push(WeightedSum.class, WeightedSum::new, y);
      node.x = x;
      node.weights = weights;
      node.y = y;
    }
    return y;
  }

  /** {@code dX_n = dY weights_n}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(x);
    tape.backend().weightedSumBackward(weights, y.grad(), x.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
