package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/** Elementwise product: {@code y = a * b}. */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Mul extends Node {
  private Tensor a;
  private Tensor b;
  private Tensor y;

  private Mul() {}

  /** a and b of the same shape. */
  public static Tensor forward(Tape tape, Tensor a, Tensor b) {
    Check.floating("mul", a, b);
    Check.sameShape("mul", a, b);
    Tensor y = tape.arena().like(a);
    tape.backend().mul(a, b, y);
    if (tape.records(a, b)) {
      Mul node = tape.push(Mul.class, Mul::new, y);
      node.a = a;
      node.b = b;
      node.y = y;
    }
    return y;
  }

  /** {@code dA = dY b; dB = dY a}; one after the other, since a and b may be the same tensor. */
  @Override
  protected void backward(Tape tape) {
    boolean wantA = a.requiresGrad();
    boolean accumulateA = wantA && tape.openGrad(a);
    if (wantA) {
      tape.backend().mulBackward(a, b, y.grad(), a.grad(), accumulateA, null, false);
    }
    if (b.requiresGrad()) {
      boolean accumulateB = tape.openGrad(b);
      tape.backend().mulBackward(a, b, y.grad(), null, false, b.grad(), accumulateB);
    }
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
