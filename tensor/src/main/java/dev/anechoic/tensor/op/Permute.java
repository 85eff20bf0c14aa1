package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import java.util.Arrays;

/**
 * Axes in another order: {@code y.dim(i) = x.dim(axes[i])}, rank up to 4. {@link #transpose} swaps
 * the last two.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Permute extends Node {
  private Tensor x;
  private Tensor y;
  private int[] inverse;

  private Permute() {}

  private static final int[][] SWAP_LAST = {{}, {0}, {1, 0}, {0, 2, 1}, {0, 1, 3, 2}};

  /** x with its last two axes swapped. */
  public static Tensor transpose(Tape tape, Tensor x) {
    int rank = x.shape().rank();
    Check.shape(rank >= 2 && rank <= 4, "transpose", x, "expected rank 2 to 4");
    return forward(tape, x, SWAP_LAST[rank]);
  }

  /** x with its axes in the order given by {@code axes}, a permutation of 0..rank-1. */
  public static Tensor forward(Tape tape, Tensor x, int... axes) {
    x.checkAlive("permute");
    int rank = x.shape().rank();
    int[] inverse = new int[rank];
    int[] dims = new int[rank];
    int seen = 0;
    for (int i = 0; i < axes.length && axes.length == rank; i++) {
      Check.shape(axes[i] >= 0 && axes[i] < rank, "permute", x, "expected axes below its rank");
      seen |= 1 << axes[i];
      inverse[axes[i]] = i;
      dims[i] = x.dim(axes[i]);
    }
    if (rank > 4 || seen != (1 << rank) - 1) {
      Check.shape(
          false,
          "permute",
          x,
          "expected each of its (at most 4) axes once, got " + Arrays.toString(axes));
    }
    Tensor y = tape.arena().tensor(x.dtype(), Shape.of(dims));
    tape.backend().permute(x, axes, y, false);
    if (tape.records(x)) {
      Permute node = tape.push(Permute.class, Permute::new, y);
      node.x = x;
      node.y = y;
      node.inverse = inverse;
    }
    return y;
  }

  /** {@code dX} is dY with the axes put back. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(x);
    tape.backend().permute(y.grad(), inverse, x.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
