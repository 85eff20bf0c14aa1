package dev.anechoic.model.sample;

import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Log-probs of given tokens under a model, by full forward passes. The bits of a sequence do not
 * depend on its neighbours, and are those of {@link Sampler} and of a training pass.
 */
public final class Scorer implements AutoCloseable {
  /** Tokens of one pass, padding included: their activations stay in the outer cache. */
  private static final int PASS_TOKENS = 1024;

  private static final int MASKED = -1;

  private final Transformer model;
  private final Backend backend;
  private final Arena arena;
  private final Tape tape;
  private int[] inputs = new int[0];
  private int[] targets = new int[0];
  private float[] results = new float[0];

  public Scorer(Transformer model, MemoryLedger ledger) {
    this.model = model;
    backend = model.backend();
    arena = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger);
    tape = new Tape(arena);
    tape.setRecording(false);
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
      List<int[]> sequences, int from, int to, int time, double temperature, float[][] logprobs) {
    int batch = to - from;
    if (time <= 0) {
      Arrays.fill(logprobs, from, to, new float[0]);
      return;
    }
    layOut(sequences, from, to, time);
    Tensor tokens = arena.tensor(DType.I32, batch, time);
    backend.write(tokens, inputs, 0);
    Tensor next = arena.tensor(DType.I32, batch * time);
    backend.write(next, targets, 0);
    Tensor logits = model.logits(tape, model.hidden(tape, tokens, null));
    Tensor result = arena.tensor(backend.floatType(), batch * time);
    Tensor lse = arena.tensor(backend.floatType(), batch * time);
    backend.tokenLogProbs(logits, next, temperature, result, lse);
    backend.read(result, results, 0);
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
    arena.close();
  }
}
