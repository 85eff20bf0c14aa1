package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Softmax along the last axis: {@code y_c = exp(x_c - max) / Σ_k exp(x_k - max)}.
 *
 * <p>Saves y. About 5 FLOPs per element (one exp); bytes: x read, y written.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Softmax extends Node {
  private Tensor x;
  private Tensor y;

  private Softmax() {}

  /** x [..,C] to y of the same shape. */
  public static Tensor forward(Tape tape, Tensor x) {
    Check.rows("softmax", x);
    Tensor y = tape.arena().like(x);
    tape.backend().softmax(x, y);
    if (tape.records(x)) {
      Softmax node = tape.push(Softmax.class, Softmax::new, y);
      node.x = x;
      node.y = y;
    }
    return y;
  }

  /** {@code dX = y (dY - Σ dY y)}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(x);
    tape.backend().softmaxBackward(y, y.grad(), x.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
