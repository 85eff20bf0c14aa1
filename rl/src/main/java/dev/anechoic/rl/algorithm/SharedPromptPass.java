package dev.anechoic.rl.algorithm;

import dev.anechoic.model.sample.PaddedPass;
import dev.anechoic.model.transformer.KvCache;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Recording;
import dev.anechoic.tensor.Recurring;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Concat;
import dev.anechoic.tensor.op.Embedding;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Passes without a gradient over a rollout, in which a prompt is read once for all of its
 * completions: its keys and values are copied to each of them. Of P prompt tokens and G completions
 * of L tokens, {@code P + G L} are computed instead of {@code G (P + L)}.
 *
 * <p>The bits are those of {@link Transformer#hidden} over prompt and completion at once. Where the
 * backend replays work, passes are padded so that shapes come again, and recorded as {@link
 * RecordedPasses} are.
 */
final class SharedPromptPass implements AutoCloseable {
  /** Tokens of one pass, padding included: their activations stay in the outer cache. */
  private static final int PASS_TOKENS = 1024;

  /** Prompts in the cache at once. */
  private static final int MOST_PROMPTS = 64;

  /** See {@link Backend#copySlots}. */
  private static final int POSITIONS_STEP = 64;

  private static final int MASKED = -1;

  private final Transformer model;
  private final Backend backend;
  private final Reader reader;
  private final MemoryLedger ledger;
  private final Arena data;
  private final Tape tape;
  private final Tensor lastStates; // [MOST_PROMPTS,C], the state at the end of each prompt
  private final Recurring<Extents, Pass> passes = new Recurring<>(this::recordedPass);
  private Arena kept;
  private @Nullable KvCache prompts;
  private @Nullable KvCache completions;

  /** What is wanted of the states that chose the tokens of completions. */
  @FunctionalInterface
  interface Reader {
    /**
     * A number for each token, [N].
     *
     * @param tape where it is computed
     * @param targets I32 [N], the tokens
     * @param states [N,C], final hidden states
     */
    Tensor read(Tape tape, Tensor targets, Tensor states);
  }

  SharedPromptPass(Transformer model, Reader reader, MemoryLedger ledger) {
    this.model = model;
    this.reader = reader;
    this.ledger = ledger;
    backend = model.backend();
    data = new Arena(backend, Arena.Tag.DATA, ledger);
    kept = new Arena(backend, Arena.Tag.DATA, ledger);
    lastStates = data.tensor(backend.floatType(), MOST_PROMPTS, model.config().channels());
    tape = new Tape(new Arena(backend, Arena.Tag.ACTIVATIONS, ledger));
    tape.setRecording(false);
  }

  /**
   * Goes over a rollout.
   *
   * @param keep takes the numbers of one completion
   */
  void forEach(List<Trajectory> rollout, BiConsumer<Trajectory, float[]> keep) {
    Map<IntBuffer, List<Trajectory>> byPrompt = new LinkedHashMap<>();
    for (Trajectory t : rollout) {
      if (t.length() > 0) {
        byPrompt
            .computeIfAbsent(IntBuffer.wrap(t.promptTokens), prompt -> new ArrayList<>())
            .add(t);
      }
    }
    List<List<Trajectory>> all = new ArrayList<>(byPrompt.values());
    for (int from = 0; from < all.size(); from += MOST_PROMPTS) {
      some(all.subList(from, Math.min(all.size(), from + MOST_PROMPTS)), keep);
    }
  }

  /** A completion and the slot of its prompt. */
  private record Continued(Trajectory trajectory, int promptSlot) {}

  private void some(List<List<Trajectory>> byPrompt, BiConsumer<Trajectory, float[]> keep) {
    List<Continued> continued = new ArrayList<>();
    for (int p = 0; p < byPrompt.size(); p++) {
      for (Trajectory t : byPrompt.get(p)) {
        continued.add(new Continued(t, p));
      }
    }
    continued.sort(Comparator.comparingInt((Continued c) -> c.trajectory().length()).reversed());
    List<List<Continued>> groups = split(continued);
    makeRoom(byPrompt, groups);
    readPrompts(byPrompt.stream().map(g -> g.getFirst().promptTokens).toList());
    for (List<Continued> group : groups) {
      float[] numbers = numbers(group);
      int n = 0;
      for (Continued c : group) {
        int length = c.trajectory().length();
        keep.accept(c.trajectory(), Arrays.copyOfRange(numbers, n, n + length));
        n += length;
      }
    }
  }

  /**
   * Completions of similar length, as many as one pass takes: a row is padded to the longest of its
   * pass, and must then still end within the context.
   */
  private List<List<Continued>> split(List<Continued> sorted) {
    int context = model.config().contextLength();
    List<List<Continued>> groups = new ArrayList<>();
    for (int from = 0; from < sorted.size(); ) {
      int longest = sorted.get(from).trajectory().length();
      int to = from + 1;
      while (to < sorted.size()
          && (to + 1 - from) * longest <= PASS_TOKENS
          && sorted.get(to).trajectory().promptTokens.length + longest - 1 <= context) {
        to++;
      }
      groups.add(sorted.subList(from, to));
      from = to;
    }
    return groups;
  }

  // ---- caches -------------------------------------------------------------------------------

  /** A slot for each prompt, and one for each completion of a pass. */
  private void makeRoom(List<List<Trajectory>> byPrompt, List<List<Continued>> groups) {
    int longest = byPrompt.stream().mapToInt(g -> g.getFirst().promptTokens.length).max().orElse(1);
    int context = model.config().contextLength();
    int prompt = Math.min(context, roundUp(longest, POSITIONS_STEP));
    int widest = groups.stream().mapToInt(List::size).max().orElse(1);
    int positions = prompt;
    for (List<Continued> group : groups) {
      positions = Math.max(positions, longestPrompt(group) + time(group));
    }
    KvCache present = completions;
    if (present != null) {
      if (prompts != null
          && prompts.positions() >= prompt
          && present.slots() >= widest
          && present.positions() >= positions) {
        return;
      }
      widest = Math.max(widest, present.slots());
      positions = Math.max(positions, present.positions());
      prompt = Math.max(prompt, prompts == null ? 0 : prompts.positions());
    }
    closeCaches();
    prompts = new KvCache(model.config(), MOST_PROMPTS, prompt, backend, ledger);
    completions = new KvCache(model.config(), widest, positions, backend, ledger);
  }

  private static int roundUp(int value, int step) {
    return (value + step - 1) / step * step;
  }

  private static int longestPrompt(List<Continued> group) {
    return group.stream().mapToInt(c -> c.trajectory().promptTokens.length).max().orElse(0);
  }

  /** What was recorded goes with the memory that it names. */
  private void closeCaches() {
    passes.clear(Pass::close);
    kept.close();
    kept = new Arena(backend, Arena.Tag.DATA, ledger);
    if (prompts != null) {
      prompts.close();
      prompts = null; // should there be no room for the next
    }
    if (completions != null) {
      completions.close();
      completions = null;
    }
  }

  // ---- passes -------------------------------------------------------------------------------

  /**
   * What decides which kernels a pass starts.
   *
   * @param rows S, completions; or prompts
   * @param time T, new positions of each
   * @param tokens N, completion tokens; 0 in a pass over prompts
   */
  private record Extents(int rows, int time, int tokens) {}

  /** The tensors of a pass, and its recording where it has one. */
  private final class Pass {
    final Extents extents;
    final Tensor inputs; // I32 [S,T]
    final Tensor sources; // I32 [S], prompt of each completion
    final Tensor slots; // I32 [S]
    final Tensor starts; // I32 [S]
    final Tensor positions; // I32 [S*T]
    final Tensor rows; // I32 [N], or [S] for prompts: rows of the states that are wanted
    final Tensor targets; // I32 [N]
    final Tensor results; // [N], or [S,C] for prompts
    final @Nullable Recording recording;

    Pass(Extents extents, Arena arena, boolean record) {
      this.extents = extents;
      int n = extents.tokens;
      inputs = arena.tensor(DType.I32, extents.rows, extents.time);
      sources = arena.tensor(DType.I32, extents.rows);
      slots = arena.tensor(DType.I32, extents.rows);
      starts = arena.tensor(DType.I32, extents.rows);
      positions = arena.tensor(DType.I32, extents.rows * extents.time);
      rows = arena.tensor(DType.I32, n == 0 ? extents.rows : n);
      targets = arena.tensor(DType.I32, n);
      DType type = backend.floatType();
      results =
          n == 0
              ? arena.tensor(type, extents.rows, model.config().channels())
              : arena.tensor(type, n);
      recording = record ? backend.record(this::work) : null;
    }

    void run() {
      if (recording != null) {
        recording.run();
      } else {
        work();
      }
    }

    private void work() {
      if (extents.tokens == 0) {
        Tensor states = hidden(Objects.requireNonNull(prompts));
        backend.copy(Embedding.forward(tape, states, rows), results);
      } else {
        Tensor all = lastStates;
        if (extents.time > 0) {
          KvCache cache = Objects.requireNonNull(completions);
          cache.copySlots(Objects.requireNonNull(prompts), sources);
          all = Concat.forward(tape, lastStates, hidden(cache), 0);
        }
        Tensor states = Embedding.forward(tape, all, rows);
        backend.copy(reader.read(tape, targets, states), results);
      }
      if (recording != null) {
        tape.reset();
      }
    }

    private Tensor hidden(KvCache cache) {
      return model.hiddenCached(tape, inputs, cache, slots, starts, positions);
    }

    void close() {
      if (recording != null) {
        recording.close();
      }
    }
  }

  /** A recorded pass, or one whose tensors go when the tape is reset. */
  private Pass pass(Extents extents) {
    Pass recorded = backend.replays() && !model.isObserved() ? passes.of(extents) : null;
    return recorded != null ? recorded : new Pass(extents, tape.arena(), false);
  }

  private Pass recordedPass(Extents extents) {
    return new Pass(extents, kept, true);
  }

  /** Passes that are recorded. */
  int recorded() {
    return passes.count();
  }

  /** Fills the slot and the last state of each prompt. */
  private void readPrompts(List<int[]> all) {
    int channels = model.config().channels();
    for (int from = 0; from < all.size(); ) {
      int to = PaddedPass.end(from, all.size(), PASS_TOKENS, i -> all.get(i).length);
      int size = to - from;
      int longest = 0;
      for (int[] prompt : all.subList(from, to)) {
        longest = Math.max(longest, prompt.length);
      }
      int time = padded(longest, model.config().contextLength());
      Pass pass = pass(new Extents(size, time, 0));
      int[] inputs = new int[size * time];
      int[] slots = new int[size];
      int[] rows = new int[size];
      for (int r = 0; r < size; r++) {
        int[] prompt = all.get(from + r);
        System.arraycopy(prompt, 0, inputs, r * time, prompt.length);
        slots[r] = from + r;
        rows[r] = r * time + prompt.length - 1;
      }
      load(pass, inputs, slots, new int[size], rows);
      pass.run();
      backend.copyBlock(
          pass.results,
          0,
          channels,
          lastStates,
          (long) from * channels,
          channels,
          size,
          channels,
          false);
      tape.reset();
      from = to;
    }
  }

  private int padded(int time, int most) {
    return backend.replays() ? Math.min(PaddedPass.recordedTime(time), most) : time;
  }

  private void load(Pass pass, int[] inputs, int[] slots, int[] starts, int[] rows) {
    int time = pass.extents.time;
    int[] positions = new int[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      positions[i] = starts[i / time] + i % time;
    }
    backend.write(pass.inputs, inputs, 0);
    backend.write(pass.slots, slots, 0);
    backend.write(pass.starts, starts, 0);
    backend.write(pass.positions, positions, 0);
    backend.write(pass.rows, rows, 0);
  }

  /** New positions of the rows of a pass: the last token is only predicted. */
  private int time(List<Continued> group) {
    int time = group.getFirst().trajectory().length() - 1;
    return time == 0 ? 0 : padded(time, model.config().contextLength() - longestPrompt(group));
  }

  /** The numbers of some completions, one after the other. */
  private float[] numbers(List<Continued> group) {
    int time = time(group);
    int size = group.size();
    int tokens = group.stream().mapToInt(c -> c.trajectory().length()).sum();
    int padded = backend.replays() ? RecordedPasses.paddedTokens(tokens) : tokens;
    Pass pass = pass(new Extents(size, time, padded));
    int[] inputs = new int[size * time];
    int[] sources = new int[size];
    int[] slots = new int[size];
    int[] starts = new int[size];
    int[] rows = new int[padded];
    int[] targets = new int[padded];
    int n = 0;
    for (int s = 0; s < size; s++) {
      Trajectory t = group.get(s).trajectory();
      sources[s] = group.get(s).promptSlot();
      slots[s] = s;
      starts[s] = t.promptTokens.length;
      System.arraycopy(t.tokens, 0, inputs, s * time, t.length() - 1);
      System.arraycopy(t.tokens, 0, targets, n, t.length());
      rows[n++] = sources[s]; // the first token is chosen by the prompt
      for (int i = 1; i < t.length(); i++) {
        rows[n++] = MOST_PROMPTS + s * time + i - 1;
      }
    }
    Arrays.fill(targets, n, padded, MASKED);
    load(pass, inputs, slots, starts, rows);
    backend.write(pass.sources, sources, 0);
    backend.write(pass.targets, targets, 0);
    pass.run();
    float[] numbers = pass.results.toFloats();
    tape.reset();
    return numbers;
  }

  @Override
  public void close() {
    closeCaches();
    kept.close();
    tape.arena().close();
    data.close();
  }
}
