package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Log-probability of given tokens: {@code logprob_n = logits_n,token / temperature - lse_n}, lse
 * the log-sum-exp of the row over temperature. A negative token masks its row.
 *
 * <p>The sampler computes its log-probs by the same kernel, so trainer and sampler agree to the
 * bit.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class TokenLogProbs extends Node {
  private Tensor logits;
  private Tensor tokens;
  private Tensor lse;
  private Tensor y;
  private double temperature;

  private TokenLogProbs() {}

  /** logits [N,V] (or [..,V]), tokens I32 with one entry per row, to log-probs [N] in nats. */
  public static Tensor forward(Tape tape, Tensor logits, Tensor tokens, double temperature) {
    Check.rows("tokenLogProbs", logits);
    Check.indices("tokenLogProbs", tokens);
    Check.shape(
        tokens.size() == logits.rows(),
        "tokenLogProbs",
        logits,
        tokens,
        "expected one token per row of logits");
    Check.shape(temperature > 0, "tokenLogProbs", logits, "expected a temperature above 0");
    int rows = Math.toIntExact(logits.rows());
    Tensor y = tape.arena().tensor(logits.dtype(), rows);
    Tensor lse = tape.arena().tensor(logits.dtype(), rows);
    tape.backend().tokenLogProbs(logits, tokens, temperature, y, lse);
    if (tape.records(logits)) {
      TokenLogProbs node = tape.push(TokenLogProbs.class, TokenLogProbs::new, y);
      node.logits = logits;
      node.tokens = tokens;
      node.lse = lse;
      node.y = y;
      node.temperature = temperature;
    }
    return y;
  }

  /** {@code dLogits_nv = dLogprob_n ([v = token_n] - p_nv) / temperature}. */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(logits);
    tape.backend()
        .tokenLogProbsBackward(
            logits, tokens, temperature, lse, y.grad(), logits.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
