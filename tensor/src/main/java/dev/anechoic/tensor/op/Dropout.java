package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Inverted dropout: {@code y = x m / (1 - p)} with m = 0 at probability p; Srivastava et al.
 * (2014).
 *
 * <p>The mask is a function of (seed, stream, step, row, column), so backward makes it anew and
 * nothing is saved.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Dropout extends Node {
  private Tensor x;
  private Tensor y;
  private double p;
  private long seed;
  private int stream;
  private int step;

  private Dropout() {}

  /** x [..,C]; p in [0,1); the address of the random numbers. p 0 returns x itself. */
  public static Tensor forward(Tape tape, Tensor x, double p, long seed, int stream, int step) {
    Check.floating("dropout", x);
    Check.shape(p >= 0 && p < 1, "dropout", x, "expected 0 <= p < 1");
    if (p == 0) {
      return x;
    }
    Tensor y = tape.arena().like(x);
    tape.backend().dropout(x, p, seed, stream, step, y);
    if (tape.records(x)) {
      Dropout node = tape.push(Dropout.class, Dropout::new, y);
      node.x = x;
      node.y = y;
      node.p = p;
      node.seed = seed;
      node.stream = stream;
      node.step = step;
    }
    return y;
  }

  /** {@code dX = dY m / (1 - p)}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(x);
    tape.backend().dropoutBackward(y.grad(), p, seed, stream, step, x.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
