package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Clipped value loss per token, as in the PPO reference implementations (Huang et al., "The 37
 * implementation details of PPO", 2022): {@code loss = max((v - R)², (old + clip(v - old, ±c) -
 * R)²) / 2}.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class ValueLoss extends Node {
  private Tensor values;
  private Tensor oldValues;
  private Tensor returns;
  private Tensor y;
  private double clip;

  private ValueLoss() {}

  /** values, and constant oldValues and returns, all [N]; clip infinite for none; to losses [N]. */
  public static Tensor forward(
      Tape tape, Tensor values, Tensor oldValues, Tensor returns, double clip) {
    Check.floating("valueLoss", values, oldValues);
    Check.floating("valueLoss", values, returns);
    Check.sameSize("valueLoss", values, oldValues);
    Check.sameSize("valueLoss", values, returns);
    Check.shape(clip >= 0, "valueLoss", values, "expected a clip of at least 0");
    Tensor y = tape.arena().like(values);
    tape.backend().valueLoss(values, oldValues, returns, clip, y);
    if (tape.records(values)) {
      ValueLoss node = tape.push(ValueLoss.class, ValueLoss::new, y);
      node.values = values;
      node.oldValues = oldValues;
      node.returns = returns;
      node.y = y;
      node.clip = clip;
    }
    return y;
  }

  /**
   * {@code dV = dLoss (v - R)} where the unclipped square is the larger, else 0 outside the clip.
   */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(values);
    tape.backend()
        .valueLossBackward(values, oldValues, returns, clip, y.grad(), values.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
