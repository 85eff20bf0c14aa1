package dev.anechoic.model.sample;

import dev.anechoic.model.transformer.KvCache;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.MatMul;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The slots of a cache that grow together, as a batch on one backend. A slot that becomes free
 * takes the next request.
 *
 * <p>The prefix of a request enters the cache but for its last token, which the first decoding step
 * reads; so every step is the same for all slots. A prefix that another slot holds is copied from
 * there: of G samples of a prompt one is computed.
 */
final class SlotGroup implements AutoCloseable {
  /** Tokens of one prefill pass, padding included: their activations stay in the outer cache. */
  private static final int PREFILL_TOKENS = 1024;

  /**
   * New requests wait until this part of the slots is free, so that prefill has rows to work on.
   */
  private static final int REFILL_PART = 8;

  private final Transformer model;
  private final Backend backend;
  private final KvCache cache;
  private final Arena arena;
  private final Tape tape;
  private final Slot[] slots;

  /** Host side of a batch: one entry per row. */
  private final int[] rowSlots;

  private final int[] rowTokens;
  private final int[] rowStarts;
  private final int[] rowSamples;
  private final int[] rowPositions;
  private final float[] rowLogprobs;
  private final float[] rowReadouts;
  private int[] address = {};
  private int[] prefillTokens = new int[0];
  private final int[] prefillRows;
  private final int[] copySources;

  /** Where the backend replays work: all requests without a look at them. */
  private final @Nullable DeviceRollout rollout;

  private @Nullable Tensor headColumns; // [C,V]
  private @Nullable StateReadout readout;
  private int active;
  private long decodedTokens;
  private long prefilledTokens;

  SlotGroup(Transformer model, int slots, int positions, MemoryLedger ledger) {
    this.model = model;
    backend = model.backend();
    cache = new KvCache(model.config(), slots, positions, backend, ledger);
    arena = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger);
    tape = new Tape(arena);
    tape.setRecording(false);
    this.slots = new Slot[slots];
    for (int i = 0; i < slots; i++) {
      this.slots[i] = new Slot();
    }
    rowSlots = new int[slots];
    rowTokens = new int[slots];
    rowStarts = new int[slots];
    rowSamples = new int[slots];
    rowPositions = new int[slots];
    rowLogprobs = new float[slots];
    rowReadouts = new float[slots];
    prefillRows = new int[slots];
    copySources = new int[slots];
    rollout = backend.replays() ? new DeviceRollout(model, cache, tape, ledger) : null;
  }

  Transformer model() {
    return model;
  }

  int slots() {
    return slots.length;
  }

  int positions() {
    return cache.positions();
  }

  long decodedTokens() {
    return decodedTokens;
  }

  long prefilledTokens() {
    return prefilledTokens + (rollout == null ? 0 : rollout.prefilledTokens());
  }

  /**
   * Takes requests until none is left, and completes them.
   *
   * @param most slots to use at once
   * @param head the model's {@link Transformer#headColumns}, or null to use the head as it lies
   * @param readout of the states that choose tokens, or null
   */
  void sample(
      RequestQueue queue,
      int most,
      SampleSettings settings,
      @Nullable Tensor head,
      @Nullable StateReadout readout) {
    releaseSlots();
    headColumns = head;
    this.readout = readout;
    int usable = Math.min(most, slots.length);
    if (rollout != null && !model.isObserved()) {
      decodedTokens += rollout.sample(queue, usable, settings, readout);
      return;
    }
    address = Philox.address(settings.seed(), settings.stream(), settings.step());
    while (true) {
      int free = usable - active;
      if (active == 0 || free * REFILL_PART >= usable) {
        refill(queue, free, settings.maxNewTokens());
      }
      if (active == 0) {
        return;
      }
      decode(settings, queue);
    }
  }

  /** An earlier call may have ended in an exception. */
  private void releaseSlots() {
    for (Slot slot : slots) {
      slot.request = null;
    }
    active = 0;
    arena.reset();
  }

  // ---- prefill ------------------------------------------------------------------------------

  /** Fills up to {@code free} free slots. */
  private void refill(RequestQueue queue, int free, int maxNewTokens) {
    int next = queue.take(free);
    int end = Math.min(next + free, queue.size());
    int rows = 0;
    for (int s = 0; next < end; s++) {
      if (slots[s].isFree()) {
        SampleRequest request = queue.request(next);
        copySources[s] = slotWithPrefix(request);
        slots[s].start(request, next, maxNewTokens);
        prefillRows[rows++] = s;
        active++;
        next++;
      }
    }
    prefillNew(rows);
    for (int r = 0; r < rows; r++) {
      int s = prefillRows[r];
      if (copySources[s] >= 0) {
        cache.copySlot(copySources[s], s);
      }
    }
  }

  /**
   * A slot in use whose prefix is this one, or -1. A slot that is itself a copy points to its
   * source, which is filled before any copy is made.
   */
  private int slotWithPrefix(SampleRequest request) {
    for (int s = 0; s < slots.length; s++) {
      SampleRequest held = slots[s].request;
      if (held != null && held.hasPrefixOf(request)) {
        return s;
      }
    }
    return -1;
  }

  /** Computes the prefixes that no other slot holds, in passes of limited size. */
  private void prefillNew(int rows) {
    int from = 0;
    while (from < rows) {
      int count = 0;
      int longest = 0;
      int to = from;
      for (; to < rows; to++) {
        Slot slot = slots[prefillRows[to]];
        if (copySources[prefillRows[to]] >= 0 || slot.cached == 0) {
          continue;
        }
        int length = Math.max(longest, slot.cached);
        if (count > 0 && (count + 1) * length > PREFILL_TOKENS) {
          break;
        }
        longest = length;
        rowSlots[count++] = prefillRows[to];
      }
      if (count > 0) {
        prefill(count, longest);
      }
      from = to;
    }
  }

  /** One pass over the prefixes of the slots in rowSlots, right-padded with token 0. */
  private void prefill(int count, int longest) {
    if (prefillTokens.length < count * longest) {
      prefillTokens = new int[count * longest];
    }
    for (int r = 0; r < count; r++) {
      Slot slot = slots[rowSlots[r]];
      SampleRequest request = Objects.requireNonNull(slot.request);
      for (int t = 0; t < longest; t++) {
        prefillTokens[r * longest + t] = t < slot.cached ? request.prefix(t) : 0;
      }
      rowStarts[r] = 0;
      prefilledTokens += slot.cached;
    }
    Tensor tokens = arena.tensor(DType.I32, count, longest);
    backend.write(tokens, prefillTokens, 0);
    model.extendCache(tape, tokens, cache, upload(rowSlots, count), upload(rowStarts, count));
    tape.reset();
  }

  // ---- decoding -----------------------------------------------------------------------------

  /** Draws one token in every slot in use. */
  private void decode(SampleSettings settings, RequestQueue queue) {
    int rows = 0;
    for (int s = 0; s < slots.length; s++) {
      Slot slot = slots[s];
      SampleRequest request = slot.request;
      if (request != null) {
        rowSlots[rows] = s;
        rowTokens[rows] = slot.pending;
        rowStarts[rows] = slot.cached;
        rowSamples[rows] = request.sample();
        rowPositions[rows] = slot.cached + 1;
        rows++;
      }
    }
    draw(rows, settings);
    for (int r = 0; r < rows; r++) {
      Slot slot = slots[rowSlots[r]];
      slot.append(rowTokens[r], rowLogprobs[r], rowReadouts[r]);
      taken(slot, readout != null, settings, queue);
    }
  }

  /** Ends a completion where the token that it has just taken was the last one. */
  private void taken(Slot slot, boolean read, SampleSettings settings, RequestQueue queue) {
    decodedTokens++;
    boolean stopped = slot.pending == settings.stopToken();
    if (stopped || remaining(slot, settings) == 0) {
      queue.done(slot.order, slot.finish(stopped, read));
      active--;
    }
  }

  /** Most tokens that a slot may still draw. */
  private int remaining(Slot slot, SampleSettings settings) {
    return Math.min(settings.maxNewTokens() - slot.drawn(), cache.positions() - slot.cached);
  }

  /** From rowTokens, the pending ones, to rowTokens, the drawn ones, and what goes with them. */
  private void draw(int rows, SampleSettings settings) {
    Tensor pending = arena.tensor(DType.I32, rows, 1);
    backend.write(pending, rowTokens, 0);
    Tensor hidden =
        model.hiddenCached(tape, pending, cache, upload(rowSlots, rows), upload(rowStarts, rows));
    Tensor logits =
        headColumns == null
            ? model.logits(tape, hidden)
            : MatMul.forward(tape, hidden, headColumns);
    Tensor tokens = arena.tensor(DType.I32, rows);
    Tensor logprobs = arena.tensor(backend.floatType(), rows);
    backend.sample(
        logits,
        settings.temperature(),
        settings.topK(),
        settings.topP(),
        upload(address, address.length),
        upload(rowSamples, rows),
        upload(rowPositions, rows),
        tokens,
        logprobs);
    backend.read(tokens, rowTokens, 0);
    backend.read(logprobs, rowLogprobs, 0);
    if (readout != null) {
      backend.read(readout.read(tape, hidden), rowReadouts, 0);
    }
    tape.reset();
  }

  private Tensor upload(int[] values, int count) {
    Tensor t = arena.tensor(DType.I32, count);
    backend.write(t, values, 0);
    return t;
  }

  @Override
  public void close() {
    if (rollout != null) {
      rollout.close();
    }
    arena.close();
    cache.close();
  }
}
