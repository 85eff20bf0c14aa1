package dev.anechoic.model.sample;

import dev.anechoic.model.transformer.KvCache;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Recording;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Some decoding steps in a row that the host does not look into: tokens, places and counts stay on
 * the device, where {@link Backend#advance} moves them on, so that a device replays all of it as
 * one.
 *
 * <p>A sequence that ends inside the block stands still for the rest of it. Its rows are wasted, as
 * are those that fill a batch up to the next power of two: a recording is made for each such size.
 * None of it changes a completion, since a row's result does not depend on the others.
 */
final class DecodeBlock implements AutoCloseable {
  /**
   * Steps between two looks of the host. An ending sequence wastes half of them on average, a look
   * costs about as much as a step of a small model.
   */
  static final int STEPS = 8;

  private static final int FIELDS = 6;

  private final Transformer model;
  private final Backend backend;
  private final KvCache cache;
  private final Tape tape;
  private final Arena arena;
  private final Tensor state; // I32 [FIELDS * slots]
  private final Tensor tokens; // I32 [STEPS * slots]
  private final Tensor logprobs; // [STEPS * slots]
  private final List<Batch> batches = new ArrayList<>();

  private final int[] hostState;
  private final int[] hostTokens;
  private final float[] hostLogprobs;
  private int rows;
  private @Nullable Batch batch;
  private @Nullable SampleSettings settings;

  /**
   * @param tape of the sampler: its arena is empty between two blocks
   */
  DecodeBlock(Transformer model, KvCache cache, Tape tape, MemoryLedger ledger) {
    this.model = model;
    this.cache = cache;
    this.tape = tape;
    backend = model.backend();
    arena = new Arena(backend, Arena.Tag.WORKSPACE, ledger);
    int slots = cache.slots();
    state = arena.tensor(DType.I32, FIELDS * slots);
    tokens = arena.tensor(DType.I32, STEPS * slots);
    logprobs = arena.tensor(backend.floatType(), STEPS * slots);
    hostState = new int[FIELDS * slots];
    hostTokens = new int[STEPS * slots];
    hostLogprobs = new float[STEPS * slots];
  }

  /** The steps for so many rows, with its windows on the state. */
  private final class Batch {
    final int size;
    final Tensor all;
    final Tensor slots; // I32 [R]
    final Tensor pending; // I32 [R]
    final Tensor pendingColumn; // I32 [R,1]
    final Tensor starts; // I32 [R]
    final Tensor positions; // I32 [R]
    final Tensor samples; // I32 [R]
    final Tensor remaining; // I32 [R]
    final Tensor allTokens; // I32 [STEPS * R]
    final Tensor allLogprobs; // [STEPS * R]
    final List<Tensor> stepTokens = new ArrayList<>(); // I32 [R] each
    final List<Tensor> stepLogprobs = new ArrayList<>(); // [R] each
    final Recording work;
    @Nullable SampleSettings recordedWith;

    Batch(int size) {
      this.size = size;
      Shape column = Shape.of(size);
      all = state.view(0, Shape.of(FIELDS * size));
      slots = field(0);
      pending = field(1);
      pendingColumn = pending.reshape(size, 1);
      starts = field(2);
      positions = field(3);
      samples = field(4);
      remaining = field(5);
      allTokens = tokens.view(0, Shape.of(STEPS * size));
      allLogprobs = logprobs.view(0, Shape.of(STEPS * size));
      for (int step = 0; step < STEPS; step++) {
        stepTokens.add(tokens.view((long) step * size, column));
        stepLogprobs.add(logprobs.view((long) step * size, column));
      }
      work = backend.record(this::decode);
    }

    private Tensor field(int index) {
      return state.view((long) index * size, Shape.of(size));
    }

    private void decode() {
      SampleSettings s = Objects.requireNonNull(settings);
      for (int step = 0; step < STEPS; step++) {
        Tensor hidden = model.hiddenCached(tape, pendingColumn, cache, slots, starts);
        Tensor logits = model.logits(tape, hidden);
        Tensor drawn = stepTokens.get(step);
        backend.sample(
            logits,
            s.temperature(),
            s.topK(),
            s.topP(),
            s.seed(),
            s.stream(),
            s.step(),
            samples,
            positions,
            drawn,
            stepLogprobs.get(step));
        backend.advance(drawn, s.stopToken(), pending, starts, positions, remaining);
        tape.reset();
      }
    }
  }

  // ---- one block ----------------------------------------------------------------------------

  /**
   * Begins a block.
   *
   * @param active rows that {@link #add} gives
   */
  void begin(int active) {
    rows = 0;
    batch = batchFor(active);
  }

  private Batch batch() {
    return Objects.requireNonNull(batch);
  }

  private Batch batchFor(int active) {
    int size = Math.min(cache.slots(), Integer.highestOneBit(Math.max(1, 2 * active - 1)));
    for (Batch known : batches) {
      if (known.size == size) {
        return known;
      }
    }
    Batch made = new Batch(size);
    batches.add(made);
    return made;
  }

  /** Rows that still have to be added; those beyond the active ones need a free slot each. */
  int missing() {
    return batch().size - rows;
  }

  /**
   * Adds a row.
   *
   * @param remaining most tokens that the sequence may still draw; 0 for a free slot
   */
  void add(int slot, int pending, int cached, int sample, int remaining) {
    int size = batch().size;
    hostState[rows] = slot;
    hostState[size + rows] = pending;
    hostState[2 * size + rows] = cached;
    hostState[3 * size + rows] = cached + 1;
    hostState[4 * size + rows] = sample;
    hostState[5 * size + rows] = remaining;
    rows++;
  }

  /** Runs the steps and waits for them. */
  void run(SampleSettings with) {
    Batch b = batch();
    settings = with;
    backend.write(b.all, hostState, 0);
    if (with.equals(b.recordedWith)) {
      b.work.run();
    } else {
      b.work.renew();
      b.recordedWith = with;
    }
    backend.read(b.allTokens, hostTokens, 0);
    backend.read(b.allLogprobs, hostLogprobs, 0);
  }

  int token(int step, int row) {
    return hostTokens[step * batch().size + row];
  }

  float logprob(int step, int row) {
    return hostLogprobs[step * batch().size + row];
  }

  @Override
  public void close() {
    batches.forEach(b -> b.work.close());
    arena.close();
  }
}
