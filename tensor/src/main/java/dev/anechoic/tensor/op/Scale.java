package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/** Product with a constant: {@code y = factor x}. */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Scale extends Node {
  private Tensor x;
  private Tensor y;
  private double factor;

  private Scale() {}

  /** x of any shape. */
  public static Tensor forward(Tape tape, Tensor x, double factor) {
    Check.floating("scale", x);
    Tensor y = tape.arena().like(x);
    tape.backend().scale(x, factor, y, false);
    if (tape.records(x)) {
      Scale node = tape.push(Scale.class, Scale::new, y);
      node.x = x;
      node.y = y;
      node.factor = factor;
    }
    return y;
  }

  /** {@code dX = factor dY}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(x);
    tape.backend().scale(y.grad(), factor, x.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
