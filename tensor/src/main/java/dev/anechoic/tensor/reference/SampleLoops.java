package dev.anechoic.tensor.reference;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Categorical sampling; top-p is the nucleus of Holtzman et al. (2020). */
interface SampleLoops extends Kernels {

  @Override
  default void sample(
      Tensor logitsTensor,
      double temperature,
      int topK,
      double topP,
      Tensor addressTensor,
      Tensor samplesTensor,
      Tensor positionsTensor,
      Tensor tokensTensor,
      Tensor logprobsTensor) {
    Doubles logits = Doubles.of(logitsTensor); // [N,V]
    Ints address = Ints.of(addressTensor); // [4]
    long seed = Philox.seed(address.at(0), address.at(1));
    int stream = address.at(2);
    int step = address.at(3);
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
      Tensor drawnTensor,
      Tensor drawnLogprobsTensor,
      @Nullable Tensor drawnReadoutsTensor,
      int stopToken,
      boolean refill,
      Tensor queueTensor,
      Tensor progressTensor,
      Tensor stateTensor,
      Tensor tokensTensor,
      Tensor logprobsTensor,
      @Nullable Tensor readoutsTensor) {
    Ints drawn = Ints.of(drawnTensor); // [R]
    Doubles drawnLogprobs = Doubles.of(drawnLogprobsTensor); // [R]
    Doubles drawnReadouts = // [R]
        drawnReadoutsTensor == null ? null : Doubles.of(drawnReadoutsTensor);
    Ints queue = Ints.of(queueTensor); // [N,5]
    Ints progress = Ints.of(progressTensor); // [3]
    Ints state = Ints.of(stateTensor); // [7,R]
    Ints tokens = Ints.of(tokensTensor); // [N,M]
    Doubles logprobs = Doubles.of(logprobsTensor); // [N,M]
    Doubles readouts = readoutsTensor == null ? null : Doubles.of(readoutsTensor); // [N,M]
    int rows = drawn.size;
    int active = 0;
    for (int r = 0; r < rows; r++) {
      int pending = r;
      int starts = rows + r;
      int positions = 2 * rows + r;
      int samples = 3 * rows + r;
      int remaining = 4 * rows + r;
      int request = 5 * rows + r;
      int source = 6 * rows + r;
      int left = state.at(remaining);
      state.put(source, -1);
      if (left > 0) {
        int n = state.at(request);
        int at = n * tokensTensor.columns() + queue.at(5 * n + 4) - left;
        tokens.put(at, drawn.at(r));
        logprobs.put(at, drawnLogprobs.at(r));
        if (readouts != null && drawnReadouts != null) {
          readouts.put(at, drawnReadouts.at(r));
        }
        boolean stops = stopToken >= 0 && drawn.at(r) == stopToken;
        left = stops ? 0 : left - 1;
        state.put(pending, left > 0 ? drawn.at(r) : 0);
        state.put(starts, left > 0 ? state.at(starts) + 1 : 0);
        state.put(positions, left > 0 ? state.at(positions) + 1 : 0);
      }
      if (left == 0 && refill && progress.at(0) < progress.at(1)) {
        int n = progress.at(0);
        progress.put(0, n + 1);
        state.put(source, queue.at(5 * n));
        state.put(pending, queue.at(5 * n + 1));
        state.put(starts, queue.at(5 * n + 2));
        state.put(positions, queue.at(5 * n + 2) + 1);
        state.put(samples, queue.at(5 * n + 3));
        state.put(request, n);
        left = queue.at(5 * n + 4);
      }
      state.put(remaining, left);
      active += left > 0 ? 1 : 0;
    }
    progress.put(2, active);
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
