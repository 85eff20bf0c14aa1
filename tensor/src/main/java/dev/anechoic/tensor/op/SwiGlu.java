package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * SwiGLU; Shazeer, "GLU variants improve transformer" (2020): {@code y = silu(gate) * up}.
 *
 * <p>Gate and up are the two halves of a row of x, so that one matmul makes both. Saves x. About 9
 * FLOPs per output element.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class SwiGlu extends Node {
  private Tensor x;
  private Tensor y;

  private SwiGlu() {}

  /** x [..,2F] = gate | up, to y [..,F]. */
  public static Tensor forward(Tape tape, Tensor x) {
    Check.floating("swiglu", x);
    Check.shape(
        x.columns() % 2 == 0, "swiglu", x, "expected an even last axis: gate and up side by side");
    Tensor y = tape.arena().likeWithColumns(x, x.columns() / 2);
    tape.backend().swiglu(x, y);
    if (tape.records(x)) {
      SwiGlu node = tape.push(SwiGlu.class, SwiGlu::new, y);
      node.x = x;
      node.y = y;
    }
    return y;
  }

  /** {@code dGate = dY up silu'(gate); dUp = dY silu(gate)}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(x);
    tape.backend().swigluBackward(x, y.grad(), x.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
