package dev.anechoic.rl.algorithm;

import dev.anechoic.rl.algorithm.MicroBatch.Extents;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Recording;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Forward and backward passes over micro-batches that a device replays where their shape comes
 * again.
 *
 * <p>Micro-batches are padded so that shapes do: padding has weight 0 and changes no bit. A shape
 * is recorded at its second sight; a device that cannot replay, and a pass that somebody watches,
 * runs as Java without padding.
 */
final class RecordedPasses implements AutoCloseable {
  /** Extents are multiples of these: few shapes, little padding; not swept. */
  private static final int TIME_STEP = 16;

  private static final int TOKEN_STEP = 64;

  /** Shapes beyond this run as Java: a graph of a large model takes a megabyte. */
  private static final int MOST = 64;

  private final Policy policy;
  private final Backend backend;
  private final Arena data;
  private final BiFunction<MicroBatch, LossInputs, LossResults> work;
  private final Runnable reset;
  private final Map<Key, Pass> passes = new HashMap<>();
  private final Set<Key> seen = new HashSet<>();

  /** All that decides which kernels a pass starts. */
  private record Key(Extents extents, boolean kl) {}

  /**
   * @param work forward and backward pass in Java
   * @param reset ends them: activations go, gradients stay
   */
  RecordedPasses(
      Policy policy,
      MemoryLedger ledger,
      BiFunction<MicroBatch, LossInputs, LossResults> work,
      Runnable reset) {
    this.policy = policy;
    this.work = work;
    this.reset = reset;
    backend = policy.model().backend();
    data = new Arena(backend, Arena.Tag.DATA, ledger);
  }

  /**
   * The pass for these completions, not yet loaded, or null where it is to run as Java.
   *
   * @param kl whether the loss has a KL term
   */
  @Nullable Pass of(List<Trajectory> group, boolean kl) {
    if (!backend.replays() || policy.model().isObserved()) {
      return null;
    }
    Key key = new Key(padded(Extents.of(group)), kl);
    Pass pass = passes.get(key);
    if (pass == null && !seen.add(key) && passes.size() < MOST) {
      pass = new Pass(new MicroBatch(data, key.extents));
      passes.put(key, pass);
    }
    return pass;
  }

  private Extents padded(Extents own) {
    int time = Math.min(roundUp(own.time(), TIME_STEP), policy.model().config().contextLength());
    return new Extents(own.sequences(), time, roundUp(own.tokens(), TOKEN_STEP));
  }

  private static int roundUp(int value, int step) {
    return (value + step - 1) / step * step;
  }

  /** Passes that are recorded. */
  int count() {
    return passes.size();
  }

  /** Passes over micro-batches of one shape. */
  final class Pass {
    private final MicroBatch batch;
    private final Recording recording;
    private @Nullable LossInputs inputs;
    private @Nullable LossResults results;

    private Pass(MicroBatch batch) {
      this.batch = batch;
      recording = backend.record(this::run);
    }

    /** Its batch; to be loaded, and asked for the columns of the loss, before each run. */
    MicroBatch batch() {
      return batch;
    }

    /** Adds the gradients of the batch. */
    LossResults run(LossInputs loaded) {
      boolean sameNumbers = inputs != null && inputs.klCoef() == loaded.klCoef();
      inputs = loaded;
      if (sameNumbers) {
        recording.run();
      } else {
        recording.renew();
      }
      return Objects.requireNonNull(results);
    }

    private void run() {
      results = work.apply(batch, Objects.requireNonNull(inputs)).copiedTo(batch);
      reset.run();
    }
  }

  @Override
  public void close() {
    passes.values().forEach(pass -> pass.recording.close());
    data.close();
  }
}
