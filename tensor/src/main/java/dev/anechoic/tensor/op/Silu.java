package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * SiLU: {@code y = x σ(x)}; Elfwing, Uchibe, Doya (2018).
 *
 * <p>Saves x. About 8 FLOPs per element.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Silu extends Node {
  private Tensor x;
  private Tensor y;

  private Silu() {}

  /** x [..,C] to y of the same shape. */
  public static Tensor forward(Tape tape, Tensor x) {
    Check.floating("silu", x);
    Tensor y = tape.arena().like(x);
    tape.backend().silu(x, y);
    if (tape.records(x)) {
      Silu node = tape.push(Silu.class, Silu::new, y);
      node.x = x;
      node.y = y;
    }
    return y;
  }

  /** {@code dX = dY σ(x) (1 + x (1 - σ(x)))}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(x);
    tape.backend().siluBackward(x, y.grad(), x.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
