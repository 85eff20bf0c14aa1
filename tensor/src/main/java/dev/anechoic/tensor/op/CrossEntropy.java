package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Next-token loss per row: {@code loss_n = ln Σ_v exp(logits_nv) - logits_n,target}, in nats. A
 * negative target masks its row.
 *
 * <p>Fused: the gradient goes to the logits directly, softmax never lies in memory. Saves logits
 * and the log-sum-exp. About 4 FLOPs per logit forward, 4 backward.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class CrossEntropy extends Node {
  private Tensor logits;
  private Tensor targets;
  private Tensor lse;
  private Tensor y;

  private CrossEntropy() {}

  /** logits [N,V] (or [..,V]), targets I32 with one entry per row, to losses [N]. */
  public static Tensor forward(Tape tape, Tensor logits, Tensor targets) {
    Check.rows("crossEntropy", logits);
    Check.indices("crossEntropy", targets);
    Check.shape(
        targets.size() == logits.rows(),
        "crossEntropy",
        logits,
        targets,
        "expected one target per row of logits");
    int rows = Math.toIntExact(logits.rows());
    Tensor y = tape.arena().tensor(logits.dtype(), rows);
    Tensor lse = tape.arena().tensor(logits.dtype(), rows);
    tape.backend().crossEntropy(logits, targets, y, lse);
    if (tape.records(logits)) {
      CrossEntropy node = tape.push(CrossEntropy.class, CrossEntropy::new, y);
      node.logits = logits;
      node.targets = targets;
      node.lse = lse;
      node.y = y;
    }
    return y;
  }

  /** {@code dLogits_nv = dLoss_n (exp(logits_nv - lse_n) - [v = target_n])}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(logits);
    tape.backend().crossEntropyBackward(logits, targets, lse, y.grad(), logits.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
