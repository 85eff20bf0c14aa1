package dev.anechoic.rl.algorithm;

import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.TokenLogProbs;
import java.util.List;

/** The base model, frozen: the anchor of the KL penalty. */
public final class Reference implements AutoCloseable {
  private final Transformer model;
  private final double temperature;
  private final SharedPromptPass pass;

  /**
   * @param temperature of the rollout, so that both log-probs are of the same kind
   */
  public Reference(Transformer model, double temperature, MemoryLedger ledger) {
    this.model = model;
    this.temperature = temperature;
    pass = new SharedPromptPass(model, this::logprobs, ledger);
  }

  /** Recorded passes over shapes that came again. */
  int recorded() {
    return pass.recorded();
  }

  public Transformer model() {
    return model;
  }

  /** Fills {@link Trajectory#refLogprobs}. */
  public void score(List<Trajectory> rollout, Phases phases) {
    phases.start("reference");
    phases.count("reference", RolloutFlops.shared(model.config(), rollout));
    pass.forEach(rollout, (t, logprobs) -> t.refLogprobs = logprobs);
  }

  private Tensor logprobs(Tape tape, Tensor targets, Tensor states) {
    return TokenLogProbs.forward(tape, model.logits(tape, states), targets, temperature);
  }

  @Override
  public void close() {
    pass.close();
  }
}
