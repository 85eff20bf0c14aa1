package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Layer normalisation along the last axis; Ba, Kiros, Hinton (2016): {@code y = (x - mean) rstd
 * weight + bias}, {@code rstd = 1/sqrt(var + eps)} with the biased variance. Without weight and
 * bias it is the norm of OLMo.
 *
 * <p>Saves x, mean and rstd. About 8 FLOPs per element; bytes: x read, y written.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class LayerNorm extends Node {
  private Tensor x;
  private @Nullable Tensor weight;
  private @Nullable Tensor bias;
  private Tensor mean;
  private Tensor rstd;
  private Tensor y;

  private LayerNorm() {}

  /** x [..,C], weight and bias [C] or null, to y of x's shape. */
  public static Tensor forward(
      Tape tape, Tensor x, @Nullable Tensor weight, @Nullable Tensor bias, double eps) {
    Check.rows("layerNorm", x);
    Check.columns("layerNorm", x, weight);
    Check.columns("layerNorm", x, bias);
    Check.shape(eps >= 0, "layerNorm", x, "expected an eps of at least 0");
    int rows = Math.toIntExact(x.rows());
    Tensor y = tape.arena().like(x);
    Tensor mean = tape.arena().tensor(x.dtype(), rows);
    Tensor rstd = tape.arena().tensor(x.dtype(), rows);
    tape.backend().layerNorm(x, weight, bias, eps, y, mean, rstd);
    if (tape.records(x)
        || (weight != null && tape.records(weight))
        || (bias != null && tape.records(bias))) {
      LayerNorm node = tape.push(LayerNorm.class, LayerNorm::new, y);
      node.x = x;
      node.weight = weight;
      node.bias = bias;
      node.mean = mean;
      node.rstd = rstd;
      node.y = y;
    }
    return y;
  }

  /**
   * With xhat = (x - mean) rstd and g = dY weight: {@code dX = rstd (g - mean(g) - xhat mean(g
   * xhat)); dWeight = Σ_r dY xhat; dBias = Σ_r dY}.
   */
  @Override
  protected void backward(Tape tape) {
    Tensor dX = null;
    Tensor dWeight = null;
    Tensor dBias = null;
    boolean accumulateX = false;
    boolean accumulateWeight = false;
    boolean accumulateBias = false;
    if (x.requiresGrad()) {
      accumulateX = tape.openGrad(x);
      dX = x.grad();
    }
    if (weight != null && weight.requiresGrad()) {
      accumulateWeight = tape.openGrad(weight);
      dWeight = weight.grad();
    }
    if (bias != null && bias.requiresGrad()) {
      accumulateBias = tape.openGrad(bias);
      dBias = bias.grad();
    }
    tape.backend()
        .layerNormBackward(
            x,
            weight,
            mean,
            rstd,
            y.grad(),
            dX,
            accumulateX,
            dWeight,
            accumulateWeight,
            dBias,
            accumulateBias);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
