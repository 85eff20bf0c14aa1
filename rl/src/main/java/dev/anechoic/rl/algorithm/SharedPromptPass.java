package dev.anechoic.rl.algorithm;

import dev.anechoic.model.sample.PaddedPass;
import dev.anechoic.model.transformer.KvCache;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Concat;
import dev.anechoic.tensor.op.Embedding;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Passes without a gradient over a rollout, in which a prompt is read once for all of its
 * completions: its keys and values are copied to each of them. Of P prompt tokens and G completions
 * of L tokens, {@code P + G L} are computed instead of {@code G (P + L)}.
 *
 * <p>The bits are those of {@link Transformer#hidden} over prompt and completion at once.
 */
final class SharedPromptPass implements AutoCloseable {
  /** Tokens of one pass, padding included: their activations stay in the outer cache. */
  private static final int PASS_TOKENS = 1024;

  /** Prompts in the cache at once. */
  private static final int MOST_PROMPTS = 64;

  private final Transformer model;
  private final Backend backend;
  private final MemoryLedger ledger;
  private final Arena data;
  private final Tape tape;
  private final MicroBatch batch;
  private final Tensor lastStates; // [MOST_PROMPTS,C], the state at the end of each prompt
  private @Nullable KvCache cache;

  SharedPromptPass(Transformer model, MemoryLedger ledger) {
    this.model = model;
    this.ledger = ledger;
    backend = model.backend();
    data = new Arena(backend, Arena.Tag.DATA, ledger);
    lastStates = data.tensor(backend.floatType(), MOST_PROMPTS, model.config().channels());
    tape = new Tape(new Arena(backend, Arena.Tag.ACTIVATIONS, ledger));
    tape.setRecording(false);
    batch = new MicroBatch(backend, ledger);
  }

  /** Where the results of a pass are computed. */
  Tape tape() {
    return tape;
  }

  /**
   * Goes over a rollout.
   *
   * @param read from a batch of completions and the final hidden states [N,C] that chose their
   *     tokens to a number per token [N]
   * @param keep takes the numbers of one completion
   */
  void forEach(
      List<Trajectory> rollout,
      BiFunction<MicroBatch, Tensor, Tensor> read,
      BiConsumer<Trajectory, float[]> keep) {
    Map<IntBuffer, List<Trajectory>> byPrompt = new LinkedHashMap<>();
    for (Trajectory t : rollout) {
      if (t.length() > 0) {
        byPrompt
            .computeIfAbsent(IntBuffer.wrap(t.promptTokens), prompt -> new ArrayList<>())
            .add(t);
      }
    }
    List<List<Trajectory>> prompts = new ArrayList<>(byPrompt.values());
    for (int from = 0; from < prompts.size(); from += MOST_PROMPTS) {
      some(prompts.subList(from, Math.min(prompts.size(), from + MOST_PROMPTS)), read, keep);
    }
  }

  /** A completion and the slot of its prompt. */
  private record Continued(Trajectory trajectory, int promptSlot) {}

  private void some(
      List<List<Trajectory>> prompts,
      BiFunction<MicroBatch, Tensor, Tensor> read,
      BiConsumer<Trajectory, float[]> keep) {
    List<Continued> completions = new ArrayList<>();
    for (int p = 0; p < prompts.size(); p++) {
      for (Trajectory t : prompts.get(p)) {
        completions.add(new Continued(t, p));
      }
    }
    completions.sort(Comparator.comparingInt((Continued c) -> c.trajectory().length()).reversed());
    List<List<Continued>> batches = split(completions);
    int widest = batches.stream().mapToInt(List::size).max().orElse(0);
    int positions = batches.stream().mapToInt(SharedPromptPass::positions).max().orElse(1);
    KvCache cache = cacheFor(widest, positions);
    readPrompts(cache, prompts.stream().map(g -> g.getFirst().promptTokens).toList());
    for (List<Continued> group : batches) {
      batch.load(group.stream().map(Continued::trajectory).toList());
      List<float[]> parts = batch.split(read.apply(batch, states(cache, group)));
      for (int s = 0; s < parts.size(); s++) {
        keep.accept(group.get(s).trajectory(), parts.get(s));
      }
      tape.reset();
    }
  }

  /**
   * Completions of similar length, as many as one pass takes: a row is padded to the longest of its
   * pass, and must then still end within the context.
   */
  private List<List<Continued>> split(List<Continued> sorted) {
    int context = model.config().contextLength();
    List<List<Continued>> batches = new ArrayList<>();
    for (int from = 0; from < sorted.size(); ) {
      int longest = sorted.get(from).trajectory().length();
      int to = from + 1;
      while (to < sorted.size()
          && (to + 1 - from) * longest <= PASS_TOKENS
          && sorted.get(to).trajectory().promptTokens.length + longest - 1 <= context) {
        to++;
      }
      batches.add(sorted.subList(from, to));
      from = to;
    }
    return batches;
  }

  /** Positions that the rows of a pass take, padding included. */
  private static int positions(List<Continued> pass) {
    int longest = pass.getFirst().trajectory().length();
    int prompt = pass.stream().mapToInt(c -> c.trajectory().promptTokens.length).max().orElse(0);
    return prompt + longest - 1;
  }

  /** A cache with a slot for each prompt, and behind them one for each completion of a pass. */
  private KvCache cacheFor(int completions, int positions) {
    int slots = MOST_PROMPTS + completions;
    KvCache present = cache;
    if (present != null && present.slots() >= slots && present.positions() >= positions) {
      return present;
    }
    if (present != null) {
      slots = Math.max(slots, present.slots());
      positions = Math.max(positions, present.positions());
      present.close();
    }
    KvCache grown = new KvCache(model.config(), slots, positions, backend, ledger);
    cache = grown;
    return grown;
  }

  /** Fills the slot and the last state of each prompt. */
  private void readPrompts(KvCache cache, List<int[]> prompts) {
    int channels = model.config().channels();
    for (int from = 0; from < prompts.size(); ) {
      int to = PaddedPass.end(from, prompts.size(), PASS_TOKENS, i -> prompts.get(i).length);
      int rows = to - from;
      int time = 0;
      for (int[] prompt : prompts.subList(from, to)) {
        time = Math.max(time, prompt.length);
      }
      int[] tokens = new int[rows * time];
      int[] slots = new int[rows];
      for (int r = 0; r < rows; r++) {
        int[] prompt = prompts.get(from + r);
        System.arraycopy(prompt, 0, tokens, r * time, prompt.length);
        slots[r] = from + r;
      }
      Tensor hidden = hidden(cache, tokens, time, slots, new int[rows]);
      for (int r = 0; r < rows; r++) {
        long last = r * time + prompts.get(from + r).length - 1L;
        backend.copyBlock(
            hidden,
            last * channels,
            channels,
            lastStates,
            (long) (from + r) * channels,
            channels,
            1,
            channels,
            false);
      }
      tape.reset();
      from = to;
    }
  }

  private Tensor hidden(KvCache cache, int[] tokens, int time, int[] slots, int[] starts) {
    Arena arena = tape.arena();
    return model.hiddenCached(
        tape,
        arena.of(tokens, slots.length, time),
        cache,
        arena.of(slots, slots.length),
        arena.of(starts, slots.length));
  }

  /** The states [N,C] that chose the tokens of some completions. */
  private Tensor states(KvCache cache, List<Continued> group) {
    // The last token is only predicted. The first is chosen by the prompt.
    int time = group.getFirst().trajectory().length() - 1;
    int size = group.size();
    int[] tokens = new int[size * time];
    int[] slots = new int[size];
    int[] starts = new int[size];
    int[] rows = new int[batch.tokenCount()];
    int n = 0;
    for (int s = 0; s < size; s++) {
      Trajectory t = group.get(s).trajectory();
      slots[s] = MOST_PROMPTS + s;
      starts[s] = t.promptTokens.length;
      System.arraycopy(t.tokens, 0, tokens, s * time, t.length() - 1);
      rows[n++] = group.get(s).promptSlot();
      for (int i = 1; i < t.length(); i++) {
        rows[n++] = MOST_PROMPTS + s * time + i - 1;
      }
    }
    Tensor all = lastStates;
    if (time > 0) {
      for (int s = 0; s < size; s++) {
        cache.copySlot(group.get(s).promptSlot(), slots[s]);
      }
      all = Concat.forward(tape, lastStates, hidden(cache, tokens, time, slots, starts), 0);
    }
    return Embedding.forward(tape, all, tape.arena().of(rows, rows.length));
  }

  @Override
  public void close() {
    if (cache != null) {
      cache.close();
    }
    batch.close();
    tape.arena().close();
    data.close();
  }
}
