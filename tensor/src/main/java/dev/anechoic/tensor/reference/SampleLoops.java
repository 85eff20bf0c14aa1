package dev.anechoic.tensor.reference;

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
    Doubles logits = Doubles.of(logitsTensor); // [N,V]
    Ints samples = Ints.of(samplesTensor); // [N]
    Ints positions = Ints.of(positionsTensor); // [N]
    Ints tokens = Ints.of(tokensTensor); // [N]
    Doubles logprobs = Doubles.of(logprobsTensor); // [N]
    for (int n = 0; n < logits.rows; n++) {
      boolean greedy = temperature == 0;
      double t = greedy ? 1 : temperature;
      boolean[] kept = greedy ? all(logits.columns) : support(logits, n, t, topK, topP);
      double lse = logSumExp(logits, n, t, kept);
      double u = Philox.uniform(seed, stream, step, samples.at(n), positions.at(n));
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
    Ints tokens = Ints.of(tokensTensor); // [N]
    Ints pending = Ints.of(pendingTensor); // [N]
    Ints starts = Ints.of(startsTensor); // [N]
    Ints positions = Ints.of(positionsTensor); // [N]
    Ints remaining = Ints.of(remainingTensor); // [N]
    for (int n = 0; n < tokens.size; n++) {
      boolean stops = stopToken >= 0 && tokens.at(n) == stopToken;
      int left = remaining.at(n) > 0 && !stops ? remaining.at(n) - 1 : 0;
      remaining.put(n, left);
      if (left > 0) {
        pending.put(n, tokens.at(n));
        starts.put(n, starts.at(n) + 1);
        positions.put(n, positions.at(n) + 1);
      }
    }
  }

  /** The first kept token whose cumulative probability exceeds u. */
  private static int draw(
      Doubles logits, int row, double temperature, boolean[] kept, double lse, double u) {
    double cumulative = 0;
    int last = 0;
    for (int v = 0; v < kept.length; v++) {
      double p = kept[v] ? Math.exp(logits.at(row, v) / temperature - lse) : 0;
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

  private static int largest(Doubles logits, int row) {
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
      Doubles logits, int row, double temperature, int topK, double topP) {
    int vocabulary = logits.columns;
    List<Integer> order = new ArrayList<>();
    for (int v = 0; v < vocabulary; v++) {
      order.add(v);
    }
    // The sort is stable, so that of equal logits the lower id comes first.
    order.sort(Comparator.comparingDouble((Integer v) -> logits.at(row, v)).reversed());
    boolean[] kept = new boolean[vocabulary];
    int count = topK > 0 ? Math.min(topK, vocabulary) : vocabulary;
    for (int v : order.subList(0, count)) {
      kept[v] = true;
    }
    if (topP < 1) {
      double lse = logSumExp(logits, row, temperature, kept);
      double mass = 0;
      for (int v : order.subList(0, count)) {
        kept[v] = mass < topP || mass == 0; // at least one
        mass += Math.exp(logits.at(row, v) / temperature - lse);
      }
    }
    return kept;
  }

  private static double logSumExp(Doubles logits, int row, double temperature, boolean[] kept) {
    double max = Double.NEGATIVE_INFINITY;
    for (int v = 0; v < kept.length; v++) {
      if (kept[v]) {
        max = Math.max(max, logits.at(row, v) / temperature);
      }
    }
    double sum = 0;
    for (int v = 0; v < kept.length; v++) {
      sum += kept[v] ? Math.exp(logits.at(row, v) / temperature - max) : 0;
    }
    return max + Math.log(sum);
  }
}
