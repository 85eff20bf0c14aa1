package dev.anechoic.bench.peers;

import dev.anechoic.bench.peer.Peer.Prepared;
import dev.anechoic.bench.peer.Work;
import dev.anechoic.model.transformer.ModelConfig;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A step of pretraining in libtorch: forward, cross-entropy, backward, clip, AdamW, in
 * micro-batches of the size that turns out fastest.
 */
final class TorchTrain implements Prepared {
  private static final int[] MICRO_BATCHES = {64, 32, 16, 8, 4};
  private static final int TRIAL_STEPS = 3;

  private final Work.Train work;
  private final TorchModel model;
  private final TensorVector parameters;
  private final AdamW optimizer;
  private final Tensor inputs; // [B,T]
  private final Tensor targets; // [B,T]
  private final int microBatch;

  TorchTrain(Work.Train work) {
    this.work = work;
    ModelConfig config = work.preset().config(work.vocab(), work.time());
    model = new TorchModel(config);
    parameters = model.parameters();
    AdamWOptions options = new AdamWOptions(1e-3);
    options.betas().put(0.9, 0.95);
    options.weight_decay().put(0.1);
    optimizer = new AdamW(parameters, options);
    inputs = TorchModel.randomTokens(config, work.batch(), work.time());
    targets = TorchModel.randomTokens(config, work.batch(), work.time());
    microBatch = fastest();
  }

  private int fastest() {
    int best = work.batch();
    long fewest = Long.MAX_VALUE;
    for (int candidate : MICRO_BATCHES) {
      if (work.batch() % candidate != 0) {
        continue;
      }
      for (int trial = 0; trial < TRIAL_STEPS; trial++) {
        long start = System.nanoTime();
        step(candidate);
        long nanos = System.nanoTime() - start;
        if (nanos < fewest) {
          fewest = nanos;
          best = candidate;
        }
      }
    }
    return best;
  }

  @Override
  public void run() {
    step(microBatch);
  }

  private void step(int rows) {
    optimizer.zero_grad();
    double share = (double) rows / work.batch();
    for (int row = 0; row < work.batch(); row += rows) {
      try (PointerScope scope = new PointerScope()) {
        Tensor logits = model.logits(model.hidden(inputs.narrow(0, row, rows)));
        Tensor loss =
            torch.cross_entropy_loss(
                logits.view(-1, work.vocab()), targets.narrow(0, row, rows).reshape(-1));
        loss.mul(new Scalar(share)).backward();
      }
    }
    try (PointerScope scope = new PointerScope()) {
      torch.clip_grad_norm_(parameters, 1.0);
      optimizer.step();
    }
  }

  @Override
  public String configuration() {
    return "micro-batch " + microBatch;
  }
}
