package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Full KL divergence of two rows of logits: {@code kl_n = Σ_v p (ln p - ln q)}, in nats; q is a
 * constant (the reference model).
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class KlFull extends Node {
  private Tensor logitsP;
  private Tensor logitsQ;
  private Tensor lseP;
  private Tensor lseQ;
  private Tensor y;
  private double temperature;

  private KlFull() {}

  /** logitsP and logitsQ [N,V] (or [..,V]) to divergences [N]. */
  public static Tensor forward(Tape tape, Tensor logitsP, Tensor logitsQ, double temperature) {
    Check.rows("klFull", logitsP);
    Check.floating("klFull", logitsP, logitsQ);
    Check.sameShape("klFull", logitsP, logitsQ);
    Check.shape(temperature > 0, "klFull", logitsP, "expected a temperature above 0");
    int rows = Math.toIntExact(logitsP.rows());
    Tensor y = tape.arena().tensor(logitsP.dtype(), rows);
    Tensor lseP = tape.arena().tensor(logitsP.dtype(), rows);
    Tensor lseQ = tape.arena().tensor(logitsP.dtype(), rows);
    tape.backend().klFull(logitsP, logitsQ, temperature, y, lseP, lseQ);
    if (tape.records(logitsP)) {
      KlFull node = tape.push(KlFull.class, KlFull::new, y);
      node.logitsP = logitsP;
      node.logitsQ = logitsQ;
      node.lseP = lseP;
      node.lseQ = lseQ;
      node.y = y;
      node.temperature = temperature;
    }
    return y;
  }

  /** {@code dLogitsP = dKl p (ln p - ln q - kl) / temperature}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(logitsP);
    tape.backend()
        .klFullBackward(
            logitsP, logitsQ, temperature, y, lseP, lseQ, y.grad(), logitsP.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
