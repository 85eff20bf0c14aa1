package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Entropy of each row's distribution p = softmax(logits / temperature): {@code entropy_n = -Σ_v p
 * ln p}, in nats. Saves logits, entropy and the log-sum-exp.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Entropy extends Node {
  private Tensor logits;
  private Tensor lse;
  private Tensor y;
  private double temperature;

  private Entropy() {}

  /** logits [N,V] (or [..,V]) to entropies [N]. */
  public static Tensor forward(Tape tape, Tensor logits, double temperature) {
    Check.rows("entropy", logits);
    Check.shape(temperature > 0, "entropy", logits, "expected a temperature above 0");
    int rows = Math.toIntExact(logits.rows());
    Tensor y = tape.arena().tensor(logits.dtype(), rows);
    Tensor lse = tape.arena().tensor(logits.dtype(), rows);
    tape.backend().entropy(logits, temperature, y, lse);
    if (tape.records(logits)) {
      Entropy node = tape.push(Entropy.class, Entropy::new, y);
      node.logits = logits;
      node.lse = lse;
      node.y = y;
      node.temperature = temperature;
    }
    return y;
  }

  /** {@code dLogits = -dEntropy p (ln p + entropy) / temperature}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(logits);
    tape.backend()
        .entropyBackward(logits, temperature, y, lse, y.grad(), logits.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
