package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/** Two tensors side by side along an axis. Their other extents agree. */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Concat extends Node {
  private Tensor a;
  private Tensor b;
  private Tensor y;
  private int rows;
  private int columnsA;
  private int columnsB;

  private Concat() {}

  /** a [..,A,..] and b [..,B,..] to [..,A+B,..] on {@code axis} (negative: from the end). */
  public static Tensor forward(Tape tape, Tensor a, Tensor b, int axis) {
    Check.floating("concat", a, b);
    int rank = a.shape().rank();
    int at = axis < 0 ? rank + axis : axis;
    Check.shape(
        b.shape().rank() == rank && at >= 0 && at < rank, "concat", a, b, "expected equal ranks");
    int[] dims = a.shape().toArray();
    int rows = 1;
    for (int i = 0; i < rank; i++) {
      Check.shape(
          i == at || dims[i] == b.dim(i), "concat", a, b, "expected equal extents off the axis");
      rows *= i < at ? dims[i] : 1;
    }
    int columnsA = rows == 0 ? 0 : Math.toIntExact(a.size() / rows);
    int columnsB = rows == 0 ? 0 : Math.toIntExact(b.size() / rows);
    dims[at] += b.dim(at);
    Tensor y = tape.arena().tensor(a.dtype(), Shape.of(dims));
    int width = columnsA + columnsB;
    tape.backend().copyBlock(a, 0, columnsA, y, 0, width, rows, columnsA, false);
    tape.backend().copyBlock(b, 0, columnsB, y, columnsA, width, rows, columnsB, false);
    if (tape.records(a, b)) {
      Concat node = tape.push(Concat.class, Concat::new, y);
      node.a = a;
      node.b = b;
      node.y = y;
      node.rows = rows;
      node.columnsA = columnsA;
      node.columnsB = columnsB;
    }
    return y;
  }

  /** {@code dA} and {@code dB} are the two parts of dY. */
  @Override
  protected void backward(Tape tape) {
    part(tape, a, 0, columnsA);
    part(tape, b, columnsA, columnsB);
  }

  private void part(Tape tape, Tensor x, int from, int columns) {
    if (x.requiresGrad()) {
      boolean accumulate = tape.openGrad(x);
      int width = columnsA + columnsB;
      tape.backend()
          .copyBlock(y.grad(), from, width, x.grad(), 0, columns, rows, columns, accumulate);
    }
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
