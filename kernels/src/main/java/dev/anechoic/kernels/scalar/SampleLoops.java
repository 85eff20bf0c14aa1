package dev.anechoic.kernels.scalar;

import static dev.anechoic.kernels.scalar.Scalars.exp;
import static dev.anechoic.kernels.scalar.Scalars.log;

import dev.anechoic.kernels.heap.HeapBuffer;
import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Categorical sampling; top-p is the nucleus of Holtzman et al. (2020). */
interface SampleLoops extends Kernels {

  @Override
  default void sample(
      Tensor logitsTensor,
      double temperature,
      int topK,
      double topP,
      long seed,
      int stream,
      int step,
      Tensor samplesTensor,
      Tensor positionsTensor,
      Tensor tokensTensor,
      Tensor logprobsTensor) {
    Floats logits = Floats.of(logitsTensor); // [N,V]
    Ints samples = Ints.of(samplesTensor); // [N]
    Ints positions = Ints.of(positionsTensor); // [N]
    Ints tokens = Ints.of(tokensTensor); // [N]
    Floats logprobs = Floats.of(logprobsTensor); // [N]
    for (int n = 0; n < logits.rows; n++) {
      boolean greedy = temperature == 0;
      float t = greedy ? 1 : (float) temperature;
      boolean[] kept = greedy ? all(logits.columns) : support(logits, n, t, topK, (float) topP);
      float lse = logSumExp(logits, n, t, kept);
      float u = Philox.uniform(seed, stream, step, samples.at(n), positions.at(n));
      int token = greedy ? largest(logits, n) : draw(logits, n, t, kept, lse, u);
      tokens.put(n, token);
      logprobs.put(n, logits.at(n, token) / t - lse);
    }
  }

  @Override
  default void advance(
      Tensor tokensTensor,
      int stopToken,
      Tensor pendingTensor,
      Tensor startsTensor,
      Tensor positionsTensor,
      Tensor remainingTensor) {
    int[] tokens = HeapBuffer.ints(tokensTensor);
    int[] pending = HeapBuffer.ints(pendingTensor);
    int[] starts = HeapBuffer.ints(startsTensor);
    int[] positions = HeapBuffer.ints(positionsTensor);
    int[] remaining = HeapBuffer.ints(remainingTensor);
    for (int n = 0; n < tokensTensor.size(); n++) {
      int token = tokens[HeapBuffer.at(tokensTensor) + n];
      int row = HeapBuffer.at(remainingTensor) + n;
      boolean stops = stopToken >= 0 && token == stopToken;
      remaining[row] = remaining[row] > 0 && !stops ? remaining[row] - 1 : 0;
      if (remaining[row] > 0) {
        pending[HeapBuffer.at(pendingTensor) + n] = token;
        starts[HeapBuffer.at(startsTensor) + n]++;
        positions[HeapBuffer.at(positionsTensor) + n]++;
      }
    }
  }

  /** The first kept token whose cumulative probability exceeds u. */
  private static int draw(
      Floats logits, int row, float temperature, boolean[] kept, float lse, float u) {
    float cumulative = 0;
    int last = 0;
    for (int v = 0; v < kept.length; v++) {
      float p = kept[v] ? exp(logits.at(row, v) / temperature - lse) : 0;
      if (p > 0) {
        cumulative += p;
        last = v;
        if (cumulative > u) {
          return v;
        }
      }
    }
    return last; // rounding left the sum below u
  }

  private static int largest(Floats logits, int row) {
    int best = 0;
    for (int v = 1; v < logits.columns; v++) {
      if (logits.at(row, v) > logits.at(row, best)) {
        best = v;
      }
    }
    return best;
  }

  private static boolean[] all(int count) {
    boolean[] kept = new boolean[count];
    java.util.Arrays.fill(kept, true);
    return kept;
  }

  private static boolean[] support(
      Floats logits, int row, float temperature, int topK, float topP) {
    int vocabulary = logits.columns;
    List<Integer> order = new ArrayList<>();
    for (int v = 0; v < vocabulary; v++) {
      order.add(v);
    }
    // The sort is stable, so that of equal logits the lower id comes first.
    order.sort(Comparator.comparing((Integer v) -> logits.at(row, v)).reversed());
    boolean[] kept = new boolean[vocabulary];
    int count = topK > 0 ? Math.min(topK, vocabulary) : vocabulary;
    for (int v : order.subList(0, count)) {
      kept[v] = true;
    }
    if (topP < 1) {
      float lse = logSumExp(logits, row, temperature, kept);
      float mass = 0;
      for (int v : order.subList(0, count)) {
        kept[v] = mass < topP || mass == 0; // at least one
        mass += exp(logits.at(row, v) / temperature - lse);
      }
    }
    return kept;
  }

  private static float logSumExp(Floats logits, int row, float temperature, boolean[] kept) {
    float max = Float.NEGATIVE_INFINITY;
    for (int v = 0; v < kept.length; v++) {
      if (kept[v]) {
        max = Math.max(max, logits.at(row, v) / temperature);
      }
    }
    float sum = 0;
    for (int v = 0; v < kept.length; v++) {
      sum += kept[v] ? exp(logits.at(row, v) / temperature - max) : 0;
    }
    return max + log(sum);
  }
}
