package dev.anechoic.model.sample;

import dev.anechoic.model.transformer.KvCache;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Recording;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A rollout that the host does not look into, for backends that replay work.
 *
 * <p>The host uploads requests and prompts, starts the prefill of the prompts, each once, and the
 * decoding steps, and waits for the tokens at the end. In between the device decides: {@link
 * Backend#advance} moves tokens, places and counts on, ends sequences and hands free places to the
 * next requests, whose prompt {@link Backend#copySlots} brings; the steps repeat while a sequence
 * grows.
 *
 * <p>The prompts wait in a cache of their own, of as few positions as they need and of no more
 * bytes than the places have; further requests wait until those before them have ended. A place
 * that is free computes for nothing, which changes no completion, since a row's result does not
 * depend on the others.
 */
final class DeviceRollout implements AutoCloseable {
  /**
   * Steps of a recording. An ended sequence wastes half of them on average before the next request
   * takes its place; bringing prompts takes as many launches as a tenth of a step.
   */
  static final int STEPS = 8;

  /** See {@link Backend#copySlots}. */
  private static final int POSITIONS_STEP = 64;

  private static final float[] NOT_READ = {};

  // Rows of the state, entries of the progress: see Backend.advance.
  private static final int STATE_FIELDS = 7;
  private static final int PROGRESS_FIELDS = 3;

  private final Transformer model;
  private final Backend backend;
  private final KvCache cache;
  private final Tape tape;
  private final MemoryLedger ledger;
  private final Arena fixed;
  private final Arena uploadArena;
  private final Tensor state; // I32 [STATE_FIELDS * slots]
  private final Tensor progress; // I32 [PROGRESS_FIELDS]
  private final Tensor growing; // I32 [1], of the progress
  private final Tensor address; // I32 [Philox.ADDRESS_SIZE]
  private final Tensor drawn; // I32 [slots]
  private final Tensor drawnLogprobs; // [slots]
  private final Tensor places; // I32 [slots]: 0, 1, 2, ...
  private final List<Batch> batches = new ArrayList<>();
  private @Nullable KvCache prompts;
  private @Nullable Results results;
  private long prefilledTokens;

  /**
   * @param tape of the sampler, which records nothing
   */
  DeviceRollout(Transformer model, KvCache cache, Tape tape, MemoryLedger ledger) {
    this.model = model;
    this.cache = cache;
    this.tape = tape;
    this.ledger = ledger;
    backend = model.backend();
    fixed = new Arena(backend, Arena.Tag.WORKSPACE, ledger);
    uploadArena = new Arena(backend, Arena.Tag.DATA, ledger);
    int slots = cache.slots();
    state = fixed.tensor(DType.I32, STATE_FIELDS * slots);
    progress = fixed.tensor(DType.I32, PROGRESS_FIELDS);
    growing = progress.slice(2, 3);
    address = fixed.tensor(DType.I32, Philox.ADDRESS_SIZE);
    drawn = fixed.tensor(DType.I32, slots);
    drawnLogprobs = fixed.tensor(backend.floatType(), slots);
    int[] all = new int[slots];
    Arrays.setAll(all, i -> i);
    places = fixed.of(all, slots);
  }

  /** Prompt tokens computed since the start. */
  long prefilledTokens() {
    return prefilledTokens;
  }

  /** What the device reads and writes, for as many requests as there were at most. */
  private final class Results implements AutoCloseable {
    final Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, ledger);
    final int requests;
    final int columns;
    final Tensor queue; // I32 [N,5]
    final Tensor tokens; // I32 [N,M]
    final Tensor logprobs; // [N,M]
    final @Nullable Tensor readouts; // [N,M]

    Results(int requests, int columns, boolean reads) {
      this.requests = requests;
      this.columns = columns;
      queue = arena.tensor(DType.I32, requests, RolloutPlan.REQUEST_FIELDS);
      tokens = arena.tensor(DType.I32, requests, columns);
      logprobs = arena.tensor(backend.floatType(), requests, columns);
      readouts = reads ? arena.tensor(backend.floatType(), requests, columns) : null;
    }

    boolean hold(int wantedRequests, int wantedColumns, boolean reads) {
      return requests >= wantedRequests && columns >= wantedColumns && (readouts != null || !reads);
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /** The steps for so many places, with its windows on the state. */
  private final class Batch {
    final int size;
    final Tensor all; // I32 [STATE_FIELDS,R]
    final Tensor pending; // I32 [R,1]
    final Tensor starts; // I32 [R]
    final Tensor positions; // I32 [R]
    final Tensor samples; // I32 [R]
    final Tensor sources; // I32 [R]
    final Tensor rows; // I32 [R]
    final Tensor tokens; // I32 [R]
    final Tensor logprobs; // [R]
    final Recording work;
    @Nullable Recorded recorded;

    Batch(int size) {
      this.size = size;
      all = state.view(0, Shape.of(STATE_FIELDS, size));
      pending = field(0).reshape(size, 1);
      starts = field(1);
      positions = field(2);
      samples = field(3);
      sources = field(6);
      rows = places.slice(0, size);
      tokens = drawn.slice(0, size);
      logprobs = drawnLogprobs.slice(0, size);
      work = backend.record(this::decode);
    }

    private Tensor field(int index) {
      return state.view((long) index * size, Shape.of(size));
    }

    private void decode() {
      Recorded with = Objects.requireNonNull(recorded);
      cache.copySlots(with.prompts, sources);
      for (int step = 1; step <= STEPS; step++) {
        Tensor hidden = model.hiddenCached(tape, pending, cache, rows, starts);
        backend.sample(
            model.logits(tape, hidden),
            with.temperature,
            with.topK,
            with.topP,
            address,
            samples,
            positions,
            tokens,
            logprobs);
        advance(with, with.readout == null ? null : with.readout.read(tape, hidden), step == STEPS);
        tape.reset();
      }
    }

    /**
     * Takes what was drawn, and the next requests where asked.
     *
     * @param read [R], or null for nothing
     */
    void advance(Recorded with, @Nullable Tensor read, boolean refill) {
      backend.advance(
          tokens,
          logprobs,
          read,
          with.stopToken,
          refill,
          with.results.queue,
          progress,
          all,
          with.results.tokens,
          with.results.logprobs,
          read == null ? null : with.results.readouts);
    }

    /** Runs steps while a sequence grows. */
    void run(Recorded with, int most) {
      if (with.equals(recorded)) {
        work.run();
      } else {
        recorded = with;
        work.renew();
      }
      work.repeat(growing, most - 1);
    }
  }

  /**
   * What a recording holds; the same from rollout to rollout. Seed and step, which change, are read
   * from {@link #address}.
   */
  private record Recorded(
      double temperature,
      int topK,
      double topP,
      int stopToken,
      @Nullable StateReadout readout,
      Results results,
      KvCache prompts) {}

  // ---- one rollout --------------------------------------------------------------------------

  /**
   * Completes all requests of a queue.
   *
   * @param most places to use at once
   * @param readout of the states that choose tokens, or null
   * @return tokens drawn
   */
  long sample(
      RequestQueue requests, int most, SampleSettings settings, @Nullable StateReadout readout) {
    int count = requests.size();
    if (requests.take(count) != 0 || count == 0) {
      return 0;
    }
    int promptPositions = promptPositions(requests);
    long mostPrompts = (long) cache.slots() * cache.positions() / promptPositions;
    RolloutPlan plan =
        new RolloutPlan(
            requests,
            settings.maxNewTokens(),
            cache.positions(),
            (int) Math.min(count, mostPrompts));
    Batch batch = batchFor(Math.min(most, count));
    Recorded with =
        new Recorded(
            settings.temperature(),
            settings.topK(),
            settings.topP(),
            settings.stopToken(),
            readout,
            resultsFor(count, plan.longestCompletion(), readout != null),
            promptsFor(plan.prompts(), promptPositions));
    backend.write(address, Philox.address(settings.seed(), settings.stream(), settings.step()), 0);
    start(batch, with, plan, count);
    return finish(requests, with, plan, count);
  }

  /** Positions that the prompts need, as {@link Backend#copySlots} takes them. */
  private int promptPositions(RequestQueue requests) {
    int longest = 1;
    for (int n = 0; n < requests.size(); n++) {
      longest = Math.max(longest, requests.request(n).prefixLength() - 1);
    }
    int rounded = (longest + POSITIONS_STEP - 1) / POSITIONS_STEP * POSITIONS_STEP;
    return Math.min(cache.positions(), rounded);
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

  private Results resultsFor(int requests, int columns, boolean reads) {
    Results present = results;
    if (present != null && present.hold(requests, columns, reads)) {
      return present;
    }
    if (present != null) {
      present.close();
      results = null; // should there be no room for the next
    }
    Results made = new Results(requests, columns, reads);
    results = made;
    return made;
  }

  private KvCache promptsFor(int count, int positions) {
    KvCache present = prompts;
    if (present != null && present.slots() >= count && present.positions() >= positions) {
      return present;
    }
    if (present != null) {
      present.close();
      prompts = null;
    }
    KvCache made = new KvCache(model.config(), Math.max(1, count), positions, backend, ledger);
    prompts = made;
    return made;
  }

  /** Uploads all that the rollout needs, and starts all of it. */
  private void start(Batch batch, Recorded with, RolloutPlan plan, int count) {
    backend.write(with.results.queue.slice(0, count), plan.queue(), 0);
    int[] numbers = plan.uploads();
    uploadArena.reset();
    Tensor uploads = uploadArena.of(numbers, numbers.length);
    for (RolloutPlan.Segment segment : plan.segments()) {
      for (RolloutPlan.Pass pass : segment.passes()) {
        prefill(with.prompts, uploads, pass);
      }
      int from = segment.progress();
      backend.copy(uploads.slice(from, from + PROGRESS_FIELDS), progress);
      backend.fill(batch.all, 0);
      batch.advance(with, null, true); // nothing is drawn yet
      batch.run(with, segment.blocks(batch.size));
    }
    prefilledTokens += plan.prefillTokens();
  }

  private void prefill(KvCache into, Tensor uploads, RolloutPlan.Pass pass) {
    int rows = pass.rows();
    int size = rows * pass.time();
    model.extendCache(
        tape,
        uploads.view(pass.tokens(), Shape.of(rows, pass.time())),
        into,
        uploads.view(pass.slots(), Shape.of(rows)),
        uploads.view(pass.zeros(), Shape.of(rows)),
        uploads.view(pass.positions(), Shape.of(size)));
    tape.reset();
  }

  /** Waits for the tokens and hands the completions out. */
  private long finish(RequestQueue requests, Recorded with, RolloutPlan plan, int count) {
    int columns = with.results.columns;
    int[] tokens = new int[count * columns];
    float[] logprobs = new float[count * columns];
    backend.read(with.results.tokens.slice(0, count), tokens, 0);
    backend.read(with.results.logprobs.slice(0, count), logprobs, 0);
    float[] readouts = NOT_READ;
    if (with.readout != null) {
      readouts = new float[count * columns];
      Tensor read = Objects.requireNonNull(with.results.readouts);
      backend.read(read.slice(0, count), readouts, 0);
    }
    int stopToken = with.stopToken;
    long decoded = 0;
    for (int n = 0; n < count; n++) {
      int first = n * columns;
      int end = first;
      boolean stopped = false;
      while (!stopped && end - first < plan.limit(n)) {
        stopped = stopToken >= 0 && tokens[end] == stopToken;
        end++;
      }
      decoded += end - first;
      requests.done(
          n,
          new Completion(
              requests.request(n),
              Arrays.copyOfRange(tokens, first, end),
              Arrays.copyOfRange(logprobs, first, end),
              with.readout == null ? NOT_READ : Arrays.copyOfRange(readouts, first, end),
              stopped));
    }
    return decoded;
  }

  @Override
  public void close() {
    batches.forEach(batch -> batch.work.close());
    if (prompts != null) {
      prompts.close();
    }
    if (results != null) {
      results.close();
    }
    uploadArena.close();
    fixed.close();
  }
}
