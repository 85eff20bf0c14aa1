package dev.anechoic.rl.algorithm;

import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Embedding;
import dev.anechoic.tensor.op.TokenLogProbs;
import java.util.List;

/** The base model, frozen: the anchor of the KL penalty. */
public final class Reference implements AutoCloseable {
  private final Transformer model;
  private final double temperature;
  private final Arena activations;
  private final Tape tape;
  private final MicroBatch batch;

  /**
   * @param temperature of the rollout, so that both log-probs are of the same kind
   */
  public Reference(Transformer model, double temperature, MemoryLedger ledger) {
    this.model = model;
    this.temperature = temperature;
    activations = new Arena(model.backend(), Arena.Tag.ACTIVATIONS, ledger);
    tape = new Tape(activations);
    tape.setRecording(false);
    batch = new MicroBatch(model.backend(), ledger);
  }

  public Transformer model() {
    return model;
  }

  /** Fills {@link Trajectory#refLogprobs}. */
  public void score(List<Trajectory> rollout, Phases phases) {
    phases.start("reference");
    phases.count("reference", RolloutFlops.forward(model.config(), rollout));
    for (List<Trajectory> group : MicroBatch.split(rollout)) {
      batch.load(group);
      Tensor all = model.hidden(tape, batch.tokens(), null);
      Tensor logits = model.logits(tape, Embedding.forward(tape, all, batch.rows()));
      Tensor logprobs = TokenLogProbs.forward(tape, logits, batch.targets(), temperature);
      List<float[]> parts = batch.split(logprobs);
      for (int s = 0; s < parts.size(); s++) {
        group.get(s).refLogprobs = parts.get(s);
      }
      tape.reset();
    }
  }

  @Override
  public void close() {
    batch.close();
    activations.close();
  }
}
