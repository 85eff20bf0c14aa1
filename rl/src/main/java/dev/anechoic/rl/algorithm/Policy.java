package dev.anechoic.rl.algorithm;

import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/** The model that is trained, with the tape of its passes and its optimizer. */
public final class Policy implements AutoCloseable {
  private final Transformer model;
  private final Arena activations;
  private final Tape tape;
  private final MicroBatch batch;
  private final AdamW optimizer;
  private final RlConfig config;

  public Policy(Transformer model, RlConfig config, MemoryLedger ledger) {
    this.model = model;
    this.config = config;
    model.parameters().trainable();
    activations = new Arena(model.backend(), Arena.Tag.ACTIVATIONS, ledger);
    tape = new Tape(activations);
    batch = new MicroBatch(model.backend(), ledger);
    optimizer = new AdamW(model.parameters(), config.optimizer());
  }

  public Transformer model() {
    return model;
  }

  public Tape tape() {
    return tape;
  }

  /** The micro-batch in work. */
  public MicroBatch batch() {
    return batch;
  }

  public AdamW optimizer() {
    return optimizer;
  }

  /** Final hidden states [N,C] from which the completion tokens of the batch are chosen. */
  public Tensor hidden(MicroBatch loaded) {
    return model.hiddenRows(tape, loaded.tokens(), loaded.rows());
  }

  /** Operations of the forward pass over a batch. */
  double forwardFlops(MicroBatch loaded) {
    return RolloutFlops.forward(model.config(), loaded.sequences());
  }

  /** Ends a micro-batch: its activations go, its gradient stays. */
  public void reset() {
    tape.reset();
  }

  public void zeroGrad() {
    model.parameters().zeroGrad();
  }

  /** Learning rate of the next update: linear warm-up, then constant. */
  public double lr() {
    double warm = config.warmupUpdates();
    return warm == 0 ? config.lr() : config.lr() * Math.min(1, (optimizer.steps() + 1) / warm);
  }

  /**
   * One optimizer step; returns the gradient's norm before clipping.
   *
   * @throws TensorException of kind NOT_FINITE where the gradient has left the numbers
   */
  public double update() {
    return update(lr());
  }

  /** The same at a learning rate of the caller's. */
  double update(double lr) {
    optimizer.step(lr);
    return optimizer.finiteGradNorm();
  }

  /** Back to the parameters of another model, with a fresh optimizer. */
  void restart(Transformer from) {
    model.parameters().copyFrom(from.parameters());
    model.backend().fill(optimizer.firstMoment(), 0);
    model.backend().fill(optimizer.secondMoment(), 0);
    optimizer.restoreSteps(0);
  }

  @Override
  public void close() {
    optimizer.close();
    batch.close();
    activations.close();
  }
}
