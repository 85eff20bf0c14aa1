package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Sum: {@code y = a + b}. b may be smaller and then repeats over the leading axes of a (a bias, a
 * table of positions).
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Add extends Node {
  private Tensor a;
  private Tensor b;
  private Tensor y;

  private Add() {}

  /** a [..,C], b of the same shape or of the last axes of a, over whose other axes it repeats. */
  public static Tensor forward(Tape tape, Tensor a, Tensor b) {
    Check.floating("add", a, b);
    Check.shape(
        a.shape().endsWith(b.shape()) && (b.size() > 0 || a.size() == 0),
        "add",
        a,
        b,
        "expected the same shape, or a second operand with the last axes of the first");
    Tensor y = tape.arena().like(a);
    tape.backend().add(a, b, y);
    if (tape.records(a, b)) {
      Add node = tape.push(Add.class, Add::new, y);
      node.a = a;
      node.b = b;
      node.y = y;
    }
    return y;
  }

  /** {@code dA = dY; dB = dY}, summed over the leading axes where b was repeated. */
  @Override
  protected void backward(Tape tape) {
    if (a.requiresGrad()) {
      tape.passGrad(y, a);
    }
    if (b.requiresGrad() && b.size() == y.size()) {
      tape.passGrad(y, b);
    } else if (b.requiresGrad()) {
      boolean accumulate = tape.openGrad(b);
      int columns = Math.toIntExact(b.size());
      int rows = Math.toIntExact(y.size() / columns);
      tape.backend().sumRows(y.grad().reshape(rows, columns), b.grad(), accumulate);
    }
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
