package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tensor;
import java.util.Arrays;

/**
 * Categorical sampling by the inverse of the cumulative distribution; top-p is the nucleus of
 * Holtzman et al. (2020).
 *
 * <p>Each row draws at its own address of the random stream, so its token does not depend on the
 * batch. Cumulative sums run in double in order of the vocabulary.
 */
final class SampleKernel extends RowKernel {
  private final Operand logits = new Operand();
  private final Indices samples = new Indices();
  private final Indices positions = new Indices();
  private final Indices tokens = new Indices();
  private final Operand logprobs = new Operand();
  private final Scratch[] scratch;
  private float temperature;
  private boolean greedy;
  private int topK;
  private double topP;
  private long seed;
  private int stream;
  private int step;
  private int columns;

  /** What one thread needs for a row. */
  private static final class Scratch {
    /** {@code exp(logit/temperature - max)}, 0 where not kept. */
    float[] weights = {};

    /** Logits of the support, in order of the vocabulary; others minus infinity. */
    float[] kept = {};

    /** Sort keys: a logit's rank in the upper half, the id that breaks ties in the lower. */
    long[] keys = {};

    void room(int columns) {
      if (weights.length < columns) {
        weights = new float[columns];
        kept = new float[columns];
        keys = new long[columns];
      }
    }
  }

  SampleKernel(WorkerPool pool) {
    super(pool);
    scratch = new Scratch[pool.threads()];
    Arrays.setAll(scratch, i -> new Scratch());
  }

  void sample(
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
    logits.set(logitsTensor);
    samples.set(samplesTensor);
    positions.set(positionsTensor);
    tokens.set(tokensTensor);
    logprobs.set(logprobsTensor);
    greedy = temperature == 0;
    this.temperature = greedy ? 1 : (float) temperature;
    this.topK = topK;
    this.topP = topP;
    this.seed = seed;
    this.stream = stream;
    this.step = step;
    columns = logitsTensor.columns();
    start((int) logitsTensor.rows(), 8L * columns);
  }

  @Override
  void rows(int from, int to, int worker) {
    Scratch s = scratch[worker];
    s.room(columns);
    for (int n = from; n < to; n++) {
      int at = logits.at + n * columns;
      int token;
      float lse;
      if (greedy) {
        token = largest(logits.array, at, columns);
        lse = SoftmaxKernels.logSumExp(logits.array, at, columns, temperature);
      } else {
        boolean all = (topK <= 0 || topK >= columns) && topP >= 1;
        float[] x = all ? logits.array : s.kept;
        int row = all ? at : 0;
        if (!all) {
          support(at, s);
        }
        lse = SoftmaxKernels.logSumExp(x, row, columns, temperature);
        double u = Philox.uniform(seed, stream, step, samples.get(n), positions.get(n));
        token = draw(x, row, s, u);
      }
      tokens.array[tokens.at + n] = token;
      logprobs.array[logprobs.at + n] = logits.array[at + token] / temperature - lse;
    }
  }

  /** The first token of the support whose cumulative probability exceeds u. */
  private int draw(float[] x, int at, Scratch s, double u) {
    weigh(x, at, s.weights);
    double total = 0;
    for (int v = 0; v < columns; v++) {
      total += s.weights[v];
    }
    double target = u * total;
    double cumulative = 0;
    int last = 0;
    for (int v = 0; v < columns; v++) {
      float weight = s.weights[v];
      if (weight > 0) {
        cumulative += weight;
        last = v;
        if (cumulative > target) {
          return v;
        }
      }
    }
    return last; // rounding left the sum below the target
  }

  private void weigh(float[] x, int at, float[] weights) {
    if (temperature == 1) {
      System.arraycopy(x, at, weights, 0, columns);
    } else {
      for (int v = 0; v < columns; v++) {
        weights[v] = x[at + v] / temperature;
      }
    }
    float max = SoftmaxKernels.max(weights, 0, columns);
    SoftmaxKernels.expSum(weights, 0, columns, max, weights, 0);
  }

  /** Fills {@code kept} with the logits of the top-k, then top-p support. */
  private void support(int at, Scratch s) {
    float[] x = logits.array;
    for (int v = 0; v < columns; v++) {
      // Larger logits first, lower ids first among equals, in a sort of rising keys.
      s.keys[v] = ((long) ~ordered(x[at + v]) << 32) | v;
    }
    Arrays.sort(s.keys, 0, columns);
    int count = topK > 0 ? Math.min(topK, columns) : columns;
    keep(at, s, count);
    if (topP < 1) {
      weigh(s.kept, 0, s.weights);
      double total = 0;
      for (int v = 0; v < columns; v++) {
        total += s.weights[v];
      }
      double mass = 0;
      int fewest = 0;
      while (fewest < count && (fewest == 0 || mass < topP * total)) {
        mass += s.weights[(int) s.keys[fewest]];
        fewest++;
      }
      keep(at, s, fewest);
    }
  }

  private void keep(int at, Scratch s, int count) {
    Arrays.fill(s.kept, 0, columns, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < count; i++) {
      int v = (int) s.keys[i];
      s.kept[v] = logits.array[at + v];
    }
  }

  /** An int whose order is that of the floats; both zeros are equal. */
  private static int ordered(float x) {
    int bits = Float.floatToRawIntBits(x + 0f);
    return bits >= 0 ? bits : bits ^ 0x7fffffff;
  }

  private static int largest(float[] x, int at, int columns) {
    int best = 0;
    for (int v = 1; v < columns; v++) {
      if (x[at + v] > x[at + best]) {
        best = v;
      }
    }
    return best;
  }
}
