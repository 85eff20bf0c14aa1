package dev.anechoic.rl.algorithm;

import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.MemoryLedger;
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
    pass = new SharedPromptPass(model, ledger);
  }

  public Transformer model() {
    return model;
  }

  /** Fills {@link Trajectory#refLogprobs}. */
  public void score(List<Trajectory> rollout, Phases phases) {
    phases.start("reference");
    phases.count("reference", RolloutFlops.shared(model.config(), rollout));
    pass.forEach(rollout, this::logprobs, (t, logprobs) -> t.refLogprobs = logprobs);
  }

  private Tensor logprobs(MicroBatch batch, Tensor hidden) {
    Tensor logits = model.logits(pass.tape(), hidden);
    return TokenLogProbs.forward(pass.tape(), logits, batch.targets(), temperature);
  }

  @Override
  public void close() {
    pass.close();
  }
}
