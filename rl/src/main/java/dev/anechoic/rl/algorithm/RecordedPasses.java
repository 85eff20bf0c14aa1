package dev.anechoic.rl.algorithm;

import dev.anechoic.model.sample.PaddedPass;
import dev.anechoic.rl.algorithm.MicroBatch.Extents;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Recording;
import dev.anechoic.tensor.Recurring;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Passes over micro-batches that a device replays where their shape comes again.
 *
 * <p>Micro-batches are padded so that shapes do: padding has weight 0 and changes no bit. A shape
 * is recorded at its second sight; a device that cannot replay, and a pass that somebody watches,
 * runs as Java without padding.
 *
 * @param <I> what a pass reads beside its tokens
 * @param <R> what is read of it afterwards
 */
final class RecordedPasses<I, R> implements AutoCloseable {
  /** Completion tokens are a multiple of this: few shapes, little padding; not swept. */
  private static final int TOKEN_STEP = 64;

  private final Policy policy;
  private final Backend backend;
  private final Arena data;
  private final BiFunction<MicroBatch, I, R> work;
  private final BiPredicate<I, I> sameNumbers;
  private final Runnable reset;
  private final Recurring<Key, Pass> passes = new Recurring<>(this::pass);

  /** All that decides which kernels a pass starts. */
  private record Key(Extents extents, boolean kl) {}

  /**
   * @param work the pass in Java; its results are columns of the batch
   * @param sameNumbers whether the numbers that kernels get from two inputs are the same; what is
   *     in tensors does not count
   * @param reset ends it: activations go, gradients stay
   */
  RecordedPasses(
      Policy policy,
      MemoryLedger ledger,
      BiFunction<MicroBatch, I, R> work,
      BiPredicate<I, I> sameNumbers,
      Runnable reset) {
    this.policy = policy;
    this.work = work;
    this.sameNumbers = sameNumbers;
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
    return passes.of(new Key(padded(Extents.of(group)), kl));
  }

  private Pass pass(Key key) {
    return new Pass(new MicroBatch(data, key.extents));
  }

  private Extents padded(Extents own) {
    int time =
        Math.min(PaddedPass.recordedTime(own.time()), policy.model().config().contextLength());
    return new Extents(own.sequences(), time, paddedTokens(own.tokens()));
  }

  /** The completion tokens N of a pass that is to come again. */
  static int paddedTokens(int tokens) {
    return (tokens + TOKEN_STEP - 1) / TOKEN_STEP * TOKEN_STEP;
  }

  /** Passes that are recorded. */
  int count() {
    return passes.count();
  }

  /** Passes over micro-batches of one shape. */
  final class Pass {
    private final MicroBatch batch;
    private final Recording recording;
    private @Nullable I inputs;
    private @Nullable R results;

    private Pass(MicroBatch batch) {
      this.batch = batch;
      recording = backend.record(this::run);
    }

    /** Its batch; to be loaded, and asked for the columns of the loss, before each run. */
    MicroBatch batch() {
      return batch;
    }

    /** Runs over the batch as it is loaded. */
    R run(I loaded) {
      I last = inputs;
      inputs = loaded;
      if (last != null && sameNumbers.test(last, loaded)) {
        recording.run();
      } else {
        recording.renew();
      }
      return Objects.requireNonNull(results);
    }

    private void run() {
      results = work.apply(batch, Objects.requireNonNull(inputs));
      reset.run();
    }
  }

  @Override
  public void close() {
    passes.clear(pass -> pass.recording.close());
    data.close();
  }
}
