package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Root-mean-square normalisation along the last axis; Zhang and Sennrich (2019): {@code y = x rstd
 * weight}, {@code rstd = 1/sqrt(mean(x²) + eps)}.
 *
 * <p>Saves x and rstd. About 5 FLOPs per element; bytes: x read, y written.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class RmsNorm extends Node {
  private Tensor x;
  private @Nullable Tensor weight;
  private Tensor rstd;
  private Tensor y;

  private RmsNorm() {}

  /** x [..,C], weight [C] or null, to y of x's shape. */
  public static Tensor forward(Tape tape, Tensor x, @Nullable Tensor weight, double eps) {
    Check.rows("rmsNorm", x);
    Check.columns("rmsNorm", x, weight);
    Check.shape(eps >= 0, "rmsNorm", x, "expected an eps of at least 0");
    Tensor y = tape.arena().like(x);
    Tensor rstd = tape.arena().tensor(x.dtype(), Math.toIntExact(x.rows()));
    tape.backend().rmsNorm(x, weight, eps, y, rstd);
    if (tape.records(x) || (weight != null && tape.records(weight))) {
      RmsNorm node = tape.push(RmsNorm.class, RmsNorm::new, y);
      node.x = x;
      node.weight = weight;
      node.rstd = rstd;
      node.y = y;
    }
    return y;
  }

  /**
   * With xhat = x rstd and g = dY weight: {@code dX = rstd (g - xhat mean(g xhat)); dWeight = Σ_r
   * dY xhat}.
   */
  @Override
  protected void backward(Tape tape) {
    Tensor dX = null;
    Tensor dWeight = null;
    boolean accumulateX = false;
    boolean accumulateWeight = false;
    if (x.requiresGrad()) {
      accumulateX = tape.openGrad(x);
      dX = x.grad();
    }
    if (weight != null && weight.requiresGrad()) {
      accumulateWeight = tape.openGrad(weight);
      dWeight = weight.grad();
    }
    tape.backend()
        .rmsNormBackward(x, weight, rstd, y.grad(), dX, accumulateX, dWeight, accumulateWeight);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
