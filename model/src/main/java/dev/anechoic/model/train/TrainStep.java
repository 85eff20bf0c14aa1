package dev.anechoic.model.train;

import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Recording;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.CrossEntropy;
import dev.anechoic.tensor.op.WeightedSum;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step of next-token training: forward and backward over a batch in micro-batches whose
 * gradients add up, clip, AdamW. The loss is the mean over all targets of the batch that are not
 * masked.
 *
 * <p>A micro-batch of few sequences keeps its activations in the processor's cache. Its size
 * changes the order of the gradient's sum, so the last bits; the number of threads does not. Steps
 * of one size allocate nothing on the Java heap.
 */
public final class TrainStep implements AutoCloseable {
  /** Shapes beyond this run as Java: a graph of a large model takes a megabyte. */
  private static final int MOST_RECORDED_PASSES = 64;

  private final Transformer model;
  private final AdamW optimizer;
  private final Backend backend;
  private final int microBatch;
  private final Arena arena;
  private final Arena sums;
  private final Tape tape;
  private final Tensor lossSum; // [1]
  private final float[] host = new float[1];
  private final List<RecordedPass> recordedPasses = new ArrayList<>();
  private int[] staging = {};

  /**
   * @param microBatch most sequences per forward and backward pass
   */
  public TrainStep(Transformer model, AdamW optimizer, int microBatch, MemoryLedger ledger) {
    this.model = model;
    this.optimizer = optimizer;
    this.microBatch = microBatch;
    backend = model.backend();
    arena = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger);
    sums = new Arena(backend, Arena.Tag.WORKSPACE, ledger);
    tape = new Tape(arena);
    lossSum = sums.tensor(backend.floatType(), 1);
  }

  /**
   * Takes a step.
   *
   * @param inputs token ids, rows * time of them
   * @param targets ids of the next tokens, negative where masked
   * @param rows sequences in the batch
   * @param time tokens per sequence (T)
   * @param lr learning rate
   */
  public void run(int[] inputs, int[] targets, int rows, int time, double lr) {
    gradients(inputs, targets, rows, time);
    optimizer.step(lr);
  }

  /** The first half of {@link #run}: zero, then the gradient of the mean loss. */
  void gradients(int[] inputs, int[] targets, int rows, int time) {
    int counted = 0;
    for (int i = 0; i < rows * time; i++) {
      counted += targets[i] < 0 ? 0 : 1;
    }
    model.parameters().zeroGrad();
    backend.fill(lossSum, 0);
    try {
      for (int row = 0; row < rows; row += microBatch) {
        int batch = Math.min(microBatch, rows - row);
        pass(inputs, targets, row * time, batch, time, 1.0 / Math.max(1, counted));
      }
    } finally {
      tape.reset();
    }
  }

  private void pass(int[] inputs, int[] targets, int from, int batch, int rowTime, double weight) {
    int time = usedColumns(targets, from, batch, rowTime);
    if (time == 0) {
      return;
    }
    RecordedPass recorded = recordedPass(batch, time);
    Tensor tokens = recorded != null ? recorded.tokens : arena.tensor(DType.I32, batch, time);
    backend.write(tokens, columns(inputs, from, batch, rowTime, time), 0);
    Tensor next = recorded != null ? recorded.next : arena.tensor(DType.I32, batch * time);
    backend.write(next, columns(targets, from, batch, rowTime, time), 0);
    Tensor weights =
        recorded != null ? recorded.weights : arena.tensor(backend.floatType(), batch * time);
    backend.fill(weights, weight);
    if (recorded != null) {
      recorded.work.run();
    } else {
      forwardAndBackward(tokens, next, weights);
    }
  }

  /**
   * @param tokens I32 [B,T]
   * @param next I32 [B*T]
   * @param weights of the losses, [B*T]
   */
  private void forwardAndBackward(Tensor tokens, Tensor next, Tensor weights) {
    Tensor logits = model.logits(tape, model.hidden(tape, tokens, null));
    Tensor losses = CrossEntropy.forward(tape, logits, next);
    Tensor loss = WeightedSum.forward(tape, losses, weights);
    backend.scale(loss, 1, lossSum, true);
    tape.backward(loss);
    tape.reset();
  }

  /** A pass over batches of one shape that a device replays; what it reads stays in place. */
  private final class RecordedPass {
    final Tensor tokens; // [B,T]
    final Tensor next; // [B*T]
    final Tensor weights; // [B*T]
    final Recording work;

    RecordedPass(int batch, int time) {
      tokens = sums.tensor(DType.I32, batch, time);
      next = sums.tensor(DType.I32, batch * time);
      weights = sums.tensor(backend.floatType(), batch * time);
      work = backend.record(() -> forwardAndBackward(tokens, next, weights));
    }
  }

  /** The pass of this shape, or null where it runs as Java. */
  private @Nullable RecordedPass recordedPass(int batch, int time) {
    if (!backend.replays() || model.isObserved()) {
      return null;
    }
    for (int i = 0; i < recordedPasses.size(); i++) {
      RecordedPass pass = recordedPasses.get(i);
      if (pass.tokens.dim(0) == batch && pass.tokens.dim(1) == time) {
        return pass;
      }
    }
    if (recordedPasses.size() == MOST_RECORDED_PASSES) {
      return null;
    }
    RecordedPass pass = new RecordedPass(batch, time);
    recordedPasses.add(pass);
    return pass;
  }

  /**
   * Columns up to the last target that counts: what is behind would change no bit of the result.
   */
  private static int usedColumns(int[] targets, int from, int batch, int rowTime) {
    int used = 0;
    for (int row = 0; row < batch; row++) {
      int at = from + row * rowTime;
      int t = rowTime;
      while (t > used && targets[at + t - 1] < 0) {
        t--;
      }
      used = t;
    }
    return used;
  }

  /** The first columns of some rows, side by side in a buffer that is used again. */
  private int[] columns(int[] all, int from, int batch, int rowTime, int time) {
    if (staging.length < batch * rowTime) {
      staging = new int[batch * rowTime];
    }
    for (int row = 0; row < batch; row++) {
      System.arraycopy(all, from + row * rowTime, staging, row * time, time);
    }
    return staging;
  }

  /** Mean loss of the last batch in nats per token, before the step; waits for the backend. */
  public double loss() {
    backend.read(lossSum, host, 0);
    return host[0];
  }

  @Override
  public void close() {
    recordedPasses.forEach(pass -> pass.work.close());
    arena.close();
    sums.close();
  }
}
