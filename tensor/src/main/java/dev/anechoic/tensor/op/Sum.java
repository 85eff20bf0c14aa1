package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Sum, or mean, along the last axis: {@code y_r = factor Σ_c x_rc} with factor 1, or 1/C for the
 * mean.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Sum extends Node {
  private Tensor x;
  private Tensor y;
  private double factor;

  private Sum() {}

  /** x [..,C] to the sums [R] of its rows. */
  public static Tensor forward(Tape tape, Tensor x) {
    return forward(tape, x, 1);
  }

  /** x [..,C] to the means [R] of its rows. */
  public static Tensor mean(Tape tape, Tensor x) {
    Check.rows("mean", x);
    return forward(tape, x, 1.0 / x.columns());
  }

  private static Tensor forward(Tape tape, Tensor x, double factor) {
    Check.floating("sum", x);
    Tensor y = tape.arena().tensor(x.dtype(), Math.toIntExact(x.rows()));
    tape.backend().sumColumns(x, factor, y);
    if (tape.records(x)) {
      Sum node = tape.push(Sum.class, Sum::new, y);
      node.x = x;
      node.y = y;
      node.factor = factor;
    }
    return y;
  }

  /** {@code dX_rc = factor dY_r}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(x);
    tape.backend().sumColumnsBackward(y.grad(), factor, x.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
