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
  private final Indices address = new Indices();
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
    /** Logits of the support, in order of the vocabulary; others minus infinity. */
    float[] kept = {};

    /** A heap of keys: a logit's rank in the upper half, the id that breaks ties in the lower. */
    long[] keys = {};

    void room(int columns) {
      if (kept.length < columns) {
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
      Tensor addressTensor,
      Tensor samplesTensor,
      Tensor positionsTensor,
      Tensor tokensTensor,
      Tensor logprobsTensor) {
    logits.set(logitsTensor);
    address.set(addressTensor);
    samples.set(samplesTensor);
    positions.set(positionsTensor);
    tokens.set(tokensTensor);
    logprobs.set(logprobsTensor);
    greedy = temperature == 0;
    this.temperature = greedy ? 1 : (float) temperature;
    this.topK = topK;
    this.topP = topP;
    seed = Philox.seed(address.get(0), address.get(1));
    stream = address.get(2);
    step = address.get(3);
    columns = logitsTensor.columns();
    start((int) logitsTensor.rows(), 8L * columns);
  }

  @Override
  void rows(int from, int to, int worker) {
    Scratch s = scratch[worker];
    s.room(columns);
    RowScratch row = scratch(worker, columns);
    for (int n = from; n < to; n++) {
      int at = logits.at + n * columns;
      int token;
      float lse;
      if (greedy) {
        token = largest(logits.array, at, columns);
        lse = SoftmaxKernels.logSumExp(logits.array, at, columns, temperature, row);
      } else {
        boolean all = (topK <= 0 || topK >= columns) && topP >= 1;
        if (!all) {
          support(at, s, row);
        }
        lse =
            all
                ? SoftmaxKernels.logSumExp(logits.array, at, columns, temperature, row)
                : SoftmaxKernels.logSumExp(s.kept, 0, columns, temperature, row);
        token = draw(row.p, Philox.uniform(seed, stream, step, samples.get(n), positions.get(n)));
      }
      tokens.array[tokens.at + n] = token;
      logprobs.array[logprobs.at + n] = logits.array[at + token] / temperature - lse;
    }
  }

  /**
   * The first token whose cumulative probability exceeds u; weights are {@code
   * exp(logit/temperature - max)}, 0 outside of the support.
   */
  private int draw(float[] weights, double u) {
    double target = u * total(weights);
    double cumulative = 0;
    int last = 0;
    for (int v = 0; v < columns; v++) {
      float weight = weights[v];
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

  private double total(float[] weights) {
    double total = 0;
    for (int v = 0; v < columns; v++) {
      total += weights[v];
    }
    return total;
  }

  /** Fills {@code kept} with the logits of the top-k, then top-p support. */
  private void support(int at, Scratch s, RowScratch row) {
    for (int v = 0; v < columns; v++) {
      // Larger logits first, lower ids first among equals, as rising keys.
      s.keys[v] = ((long) ~ordered(logits.array[at + v]) << 32) | v;
    }
    for (int i = columns / 2 - 1; i >= 0; i--) {
      sink(s.keys, i, columns);
    }
    int taken = 0;
    if (topK > 0 && topK < columns) {
      Arrays.fill(s.kept, 0, columns, Float.NEGATIVE_INFINITY);
      for (; taken < topK; taken++) {
        keep(at, s, pop(s.keys, columns - taken));
      }
    } else {
      System.arraycopy(logits.array, at, s.kept, 0, columns);
    }
    if (topP < 1) {
      nucleus(at, s, taken, row);
    }
  }

  /** Of {@code kept}, leaves the fewest largest whose mass reaches top-p; at least one. */
  private void nucleus(int at, Scratch s, int taken, RowScratch row) {
    SoftmaxKernels.logSumExp(s.kept, 0, columns, temperature, row); // for its exponentials
    double total = total(row.p);
    Arrays.fill(s.kept, 0, columns, Float.NEGATIVE_INFINITY);
    int most = taken > 0 ? taken : columns;
    double mass = 0;
    for (int i = 0; i < most && (i == 0 || mass < topP * total); i++) {
      // Keys that top-k took lie behind the heap, the largest logit last.
      int v = taken > 0 ? (int) s.keys[columns - 1 - i] : pop(s.keys, columns - i);
      mass += row.p[v];
      keep(at, s, v);
    }
  }

  private void keep(int at, Scratch s, int v) {
    s.kept[v] = logits.array[at + v];
  }

  /** Takes the least key of a heap of {@code size} away, to behind its end, and returns its id. */
  private static int pop(long[] heap, int size) {
    long least = heap[0];
    heap[0] = heap[size - 1];
    heap[size - 1] = least;
    sink(heap, 0, size - 1);
    return (int) least;
  }

  /** Moves element i down until neither child is less; the root of the heap is its least key. */
  private static void sink(long[] heap, int i, int size) {
    long key = heap[i];
    while (2 * i + 1 < size) {
      int child = 2 * i + 1;
      if (child + 1 < size && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= key) {
        break;
      }
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = key;
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
