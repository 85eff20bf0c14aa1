package dev.anechoic.model.sample;

import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Recording;
import dev.anechoic.tensor.Recurring;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Log-probs of given tokens under a model, by full forward passes. The bits of a sequence do not
 * depend on its neighbours, and are those of {@link Sampler} and of a training pass.
 *
 * <p>Where the backend replays work, passes are padded so that shapes come again, and recorded.
 */
public final class Scorer implements AutoCloseable {
  /** Tokens of one pass, padding included: their activations stay in the outer cache. */
  private static final int PASS_TOKENS = 1024;

  private static final int MASKED = -1;

  private final Transformer model;
  private final Backend backend;
  private final Arena arena;
  private final Arena kept;
  private final Tape tape;
  private final Recurring<Extents, Pass> passes = new Recurring<>(this::recordedPass);
  private int[] inputs = new int[0];
  private int[] targets = new int[0];
  private float[] results = new float[0];

  public Scorer(Transformer model, MemoryLedger ledger) {
    this.model = model;
    backend = model.backend();
    arena = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger);
    kept = new Arena(backend, Arena.Tag.DATA, ledger);
    tape = new Tape(arena);
    tape.setRecording(false);
  }

  /** Sequences and positions of a pass: [B,T]. */
  private record Extents(int batch, int time) {}

  /** The tensors of a pass, and its recording where it has one. */
  private final class Pass {
    final Tensor tokens; // I32 [B,T]
    final Tensor next; // I32 [B*T]
    final Tensor logprobs; // [B*T]
    final Tensor lse; // [B*T]
    final @Nullable Recording recording;
    double temperature = Double.NaN;

    Pass(Extents extents, Arena in, boolean record) {
      int size = extents.batch * extents.time;
      tokens = in.tensor(DType.I32, extents.batch, extents.time);
      next = in.tensor(DType.I32, size);
      logprobs = in.tensor(backend.floatType(), size);
      lse = in.tensor(backend.floatType(), size);
      recording = record ? backend.record(this::work) : null;
    }

    void run(double at) {
      boolean same = at == temperature;
      temperature = at;
      if (recording == null) {
        work();
      } else if (same) {
        recording.run();
      } else {
        recording.renew();
      }
    }

    private void work() {
      Tensor logits = model.logits(tape, model.hidden(tape, tokens, null));
      backend.tokenLogProbs(logits, next, temperature, logprobs, lse);
      if (recording != null) {
        tape.reset();
      }
    }

    void close() {
      if (recording != null) {
        recording.close();
      }
    }
  }

  private Pass recordedPass(Extents extents) {
    return new Pass(extents, kept, true);
  }

  /** Passes that are recorded. */
  int recorded() {
    return passes.count();
  }

  /**
   * The log-prob of every token but the first of each sequence, given those before it.
   *
   * @param sequences at most the model's context length plus one token each; shorter than two gives
   *     an empty row
   * @param temperature divides the logits
   */
  public float[][] logprobs(List<int[]> sequences, double temperature) {
    float[][] logprobs = new float[sequences.size()][];
    for (int from = 0; from < logprobs.length; ) {
      int to = PaddedPass.end(from, logprobs.length, PASS_TOKENS, i -> sequences.get(i).length - 1);
      int longest = 0;
      for (int[] sequence : sequences.subList(from, to)) {
        longest = Math.max(longest, sequence.length - 1);
      }
      pass(sequences, from, to, longest, temperature, logprobs);
      from = to;
    }
    return logprobs;
  }

  private void pass(
      List<int[]> sequences,
      int from,
      int to,
      int longest,
      double temperature,
      float[][] logprobs) {
    int batch = to - from;
    if (longest <= 0) {
      Arrays.fill(logprobs, from, to, new float[0]);
      return;
    }
    boolean replays = backend.replays() && !model.isObserved();
    int padded = PaddedPass.recordedTime(longest);
    int time = replays ? Math.min(padded, model.config().contextLength()) : longest;
    layOut(sequences, from, to, time);
    Extents extents = new Extents(batch, time);
    Pass recorded = replays ? passes.of(extents) : null;
    Pass pass = recorded != null ? recorded : new Pass(extents, arena, false);
    backend.write(pass.tokens, inputs, 0);
    backend.write(pass.next, targets, 0);
    pass.run(temperature);
    backend.read(pass.logprobs, results, 0);
    tape.reset();
    for (int b = 0; b < batch; b++) {
      int count = Math.max(0, sequences.get(from + b).length - 1);
      logprobs[from + b] = Arrays.copyOfRange(results, b * time, b * time + count);
    }
  }

  /** Inputs and targets of a pass, [B,T], right-padded. */
  private void layOut(List<int[]> sequences, int from, int to, int time) {
    int size = (to - from) * time;
    if (inputs.length < size) {
      inputs = new int[size];
      targets = new int[size];
      results = new float[size];
    }
    Arrays.fill(inputs, 0, size, 0);
    Arrays.fill(targets, 0, size, MASKED);
    for (int b = 0; b < to - from; b++) {
      int[] sequence = sequences.get(from + b);
      int count = Math.max(0, sequence.length - 1);
      System.arraycopy(sequence, 0, inputs, b * time, count);
      System.arraycopy(sequence, Math.min(1, sequence.length), targets, b * time, count);
    }
  }

  @Override
  public void close() {
    passes.clear(Pass::close);
    kept.close();
    arena.close();
  }
}
