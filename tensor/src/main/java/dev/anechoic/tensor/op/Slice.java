package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/** A range along any axis, copied. (Along the first axis {@link Tensor#slice} is a free view.) */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Slice extends Node {
  private Tensor x;
  private Tensor y;
  private int rows;
  private int from;
  private int columns;
  private int width;

  private Slice() {}

  /** x [..,A,..] to [..,to-from,..] on {@code axis} (negative: from the end). */
  public static Tensor forward(Tape tape, Tensor x, int axis, int from, int to) {
    Check.floating("slice", x);
    int rank = x.shape().rank();
    int at = axis < 0 ? rank + axis : axis;
    Check.shape(
        at >= 0 && at < rank && from >= 0 && from <= to && to <= x.dim(at),
        "slice",
        x,
        "expected a range within axis " + axis + ", got [" + from + ", " + to + ")");
    int[] dims = x.shape().toArray();
    int rows = 1;
    int inner = 1;
    for (int i = 0; i < rank; i++) {
      rows *= i < at ? dims[i] : 1;
      inner *= i > at ? dims[i] : 1;
    }
    int width = dims[at] * inner;
    dims[at] = to - from;
    int columns = dims[at] * inner;
    Tensor y = tape.arena().tensor(x.dtype(), Shape.of(dims));
    tape.backend().copyBlock(x, (long) from * inner, width, y, 0, columns, rows, columns, false);
    if (tape.records(x)) {
      Slice node = tape.push(Slice.class, Slice::new, y);
      node.x = x;
      node.y = y;
      node.rows = rows;
      node.from = from * inner;
      node.columns = columns;
      node.width = width;
    }
    return y;
  }

  /** {@code dX} is dY in the range and 0 elsewhere. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(x);
    if (!accumulate) {
      tape.backend().fill(x.grad(), 0);
    }
    tape.backend().copyBlock(y.grad(), 0, columns, x.grad(), from, width, rows, columns, true);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
