package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Per-token losses and measures over rows of logits [N,V].
 *
 * <p>{@code lse} is computed by {@link SoftmaxKernels#logSumExp} everywhere, so that the log-probs
 * of sampling and of training have the same bits.
 */
final class LogitKernels {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  /** Visits of memory that an exponential costs. */
  private static final long COST = 3;

  private final LogProbs logProbs;
  private final LogProbsBackward logProbsBackward;
  private final Entropy entropy;
  private final EntropyBackward entropyBackward;
  private final Kl kl;
  private final KlBackward klBackward;

  LogitKernels(WorkerPool pool) {
    logProbs = new LogProbs(pool);
    logProbsBackward = new LogProbsBackward(pool);
    entropy = new Entropy(pool);
    entropyBackward = new EntropyBackward(pool);
    kl = new Kl(pool);
    klBackward = new KlBackward(pool);
  }

  void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse) {
    logProbs.run(logits, targets, 1, loss, lse, "crossEntropy", "targets", true);
  }

  void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits, boolean accumulate) {
    logProbsBackward.run(
        logits,
        targets,
        1,
        lse,
        dLoss,
        dLogits,
        accumulate,
        "crossEntropyBackward",
        "targets",
        true);
  }

  void tokenLogProbs(
      Tensor logits, Tensor tokens, double temperature, Tensor logprobs, Tensor lse) {
    logProbs.run(
        logits, tokens, (float) temperature, logprobs, lse, "tokenLogProbs", "tokens", false);
  }

  void tokenLogProbsBackward(
      Tensor logits,
      Tensor tokens,
      double temperature,
      Tensor lse,
      Tensor dLogprobs,
      Tensor dLogits,
      boolean accumulate) {
    logProbsBackward.run(
        logits,
        tokens,
        (float) temperature,
        lse,
        dLogprobs,
        dLogits,
        accumulate,
        "tokenLogProbsBackward",
        "tokens",
        false);
  }

  void entropy(Tensor logits, double temperature, Tensor out, Tensor lse) {
    Entropy k = entropy;
    k.logits.set(logits);
    k.temperature = (float) temperature;
    k.out.set(out);
    k.lse.set(lse);
    k.columns = logits.columns();
    k.start((int) logits.rows(), 2 * COST * logits.columns());
  }

  void entropyBackward(
      Tensor logits,
      double temperature,
      Tensor entropyOfRows,
      Tensor lse,
      Tensor dEntropy,
      Tensor dLogits,
      boolean accumulate) {
    EntropyBackward k = entropyBackward;
    k.logits.set(logits);
    k.temperature = (float) temperature;
    k.entropy.set(entropyOfRows);
    k.lse.set(lse);
    k.dEntropy.set(dEntropy);
    k.dLogits.set(dLogits);
    k.accumulate = accumulate;
    k.columns = logits.columns();
    k.start((int) logits.rows(), COST * logits.columns());
  }

  void klFull(
      Tensor logitsP, Tensor logitsQ, double temperature, Tensor out, Tensor lseP, Tensor lseQ) {
    Kl k = kl;
    k.logitsP.set(logitsP);
    k.logitsQ.set(logitsQ);
    k.temperature = (float) temperature;
    k.out.set(out);
    k.lseP.set(lseP);
    k.lseQ.set(lseQ);
    k.columns = logitsP.columns();
    k.start((int) logitsP.rows(), 3 * COST * logitsP.columns());
  }

  void klFullBackward(
      Tensor logitsP,
      Tensor logitsQ,
      double temperature,
      Tensor klOfRows,
      Tensor lseP,
      Tensor lseQ,
      Tensor dKl,
      Tensor dLogitsP,
      boolean accumulate) {
    KlBackward k = klBackward;
    k.logitsP.set(logitsP);
    k.logitsQ.set(logitsQ);
    k.temperature = (float) temperature;
    k.kl.set(klOfRows);
    k.lseP.set(lseP);
    k.lseQ.set(lseQ);
    k.dKl.set(dKl);
    k.dLogitsP.set(dLogitsP);
    k.accumulate = accumulate;
    k.columns = logitsP.columns();
    k.start((int) logitsP.rows(), 2 * COST * logitsP.columns());
  }

  // ---- parts of a row -----------------------------------------------------------------------

  /** {@code y = logits/temperature - lse}, minus infinity up to a whole vector. */
  private static void logProbs(
      float[] logits, int at, int columns, float temperature, float lse, float[] y) {
    int whole = Lanes.whole(columns);
    for (int c = 0; c < whole; c += V) {
      FloatVector x = FloatVector.fromArray(F, logits, at + c);
      (temperature == 1f ? x : x.div(temperature)).sub(lse).intoArray(y, c);
    }
    if (whole < columns) {
      for (int c = whole; c < columns; c++) {
        y[c] = logits[at + c] / temperature - lse;
      }
      Arrays.fill(y, columns, whole + V, Float.NEGATIVE_INFINITY);
    }
  }

  /** {@code b = a - b} of whole vectors. */
  private static void subtractFrom(float[] a, float[] b, int columns) {
    for (int c = 0; c < columns; c += V) {
      FloatVector.fromArray(F, a, c).sub(FloatVector.fromArray(F, b, c)).intoArray(b, c);
    }
  }

  /** {@code Σ p terms}; a product keeps its limit 0 where p = 0 because ln p is minus infinity. */
  private static float expectation(
      float[] p, float[] logP, float[] terms, int columns, float[] lanes) {
    FloatVector sum = FloatVector.zero(F);
    for (int c = 0; c < columns; c += V) {
      VectorMask<Float> none =
          FloatVector.fromArray(F, logP, c).compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY);
      FloatVector product = FloatVector.fromArray(F, p, c).mul(FloatVector.fromArray(F, terms, c));
      sum = product.blend(0f, none).add(sum);
    }
    sum.intoArray(lanes, 0);
    return VectorMath.sum(lanes);
  }

  /** {@code p = p (terms - mean)}, with the limit of {@link #expectation}. */
  private static void deviations(float[] p, float[] logP, float[] terms, float mean, int columns) {
    for (int c = 0; c < columns; c += V) {
      VectorMask<Float> none =
          FloatVector.fromArray(F, logP, c).compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY);
      FloatVector deviation = FloatVector.fromArray(F, terms, c).sub(mean);
      FloatVector.fromArray(F, p, c).mul(deviation).blend(0f, none).intoArray(p, c);
    }
  }

  private static void clearUnless(boolean accumulate, Operand out, int row, int columns) {
    if (!accumulate) {
      Arrays.fill(out.array, out.at + row, out.at + row + columns, 0f);
    }
  }

  // ---- kernels ------------------------------------------------------------------------------

  /** {@code logprob = logits[token]/temperature - lse}, or its negative, the cross-entropy. */
  private static final class LogProbs extends RowKernel {
    private final Operand logits = new Operand();
    private final Indices tokens = new Indices();
    private final Operand out = new Operand();
    private final Operand lse = new Operand();
    private float temperature;
    private int columns;
    private boolean negative;

    LogProbs(WorkerPool pool) {
      super(pool);
    }

    void run(
        Tensor logits,
        Tensor tokens,
        float temperature,
        Tensor out,
        Tensor lse,
        String op,
        String what,
        boolean negative) {
      this.logits.set(logits);
      this.tokens.set(tokens);
      this.out.set(out);
      this.lse.set(lse);
      this.temperature = temperature;
      this.negative = negative;
      columns = logits.columns();
      int rows = (int) logits.rows();
      this.tokens.check(rows, columns, true, op, what);
      start(rows, COST * columns);
    }

    @Override
    void rows(int from, int to, int worker) {
      RowScratch s = scratch(worker, columns);
      int known = -1; // the row whose maximum was found while the last one was computed
      int open = -1; // the row whose logarithm waits: it is computed beside the next exponentials
      float openMax = 0;
      float openSum = 0;
      for (int n = from; n < to; n++) {
        if (tokens.get(n) < 0) {
          lse.array[lse.at + n] = 0;
          out.array[out.at + n] = 0;
          continue;
        }
        int row = logits.at + n * columns;
        if (temperature != 1) {
          put(n, SoftmaxKernels.logSumExp(logits.array, row, columns, temperature, s));
          continue;
        }
        float[] x = logits.array;
        float max = known == n ? s.maxAhead : SoftmaxKernels.firstMax(x, row, columns, s);
        int ahead = n + 1 < to ? row + columns : row;
        float sum = SoftmaxKernels.expSum(x, row, columns, max, ahead, s);
        known = n + 1;
        if (open >= 0) {
          put(open, SoftmaxKernels.plusLog(openMax, openSum));
        }
        open = n;
        openMax = max;
        openSum = sum;
      }
      if (open >= 0) {
        put(open, SoftmaxKernels.plusLog(openMax, openSum));
      }
    }

    private void put(int n, float logSum) {
      float value = logits.array[logits.at + n * columns + tokens.get(n)] / temperature - logSum;
      lse.array[lse.at + n] = logSum;
      out.array[out.at + n] = negative ? -value : value;
    }
  }

  /** {@code dLogits (+)= d ([v = token] - p) / temperature}, d negated for the cross-entropy. */
  private static final class LogProbsBackward extends RowKernel {
    private final Operand logits = new Operand();
    private final Indices tokens = new Indices();
    private final Operand lse = new Operand();
    private final Operand d = new Operand();
    private final Operand dLogits = new Operand();
    private float temperature;
    private int columns;
    private boolean accumulate;
    private boolean negative;

    LogProbsBackward(WorkerPool pool) {
      super(pool);
    }

    void run(
        Tensor logits,
        Tensor tokens,
        float temperature,
        Tensor lse,
        Tensor d,
        Tensor dLogits,
        boolean accumulate,
        String op,
        String what,
        boolean negative) {
      this.logits.set(logits);
      this.tokens.set(tokens);
      this.lse.set(lse);
      this.d.set(d);
      this.dLogits.set(dLogits);
      this.temperature = temperature;
      this.accumulate = accumulate;
      this.negative = negative;
      columns = logits.columns();
      int rows = (int) logits.rows();
      this.tokens.check(rows, columns, true, op, what);
      start(rows, COST * columns);
    }

    @Override
    void rows(int from, int to, int worker) {
      RowScratch s = scratch(worker, columns);
      for (int n = from; n < to; n++) {
        int token = tokens.get(n);
        int row = n * columns;
        float weight = negative ? d.array[d.at + n] : -d.array[d.at + n];
        if (token < 0 || weight == 0) {
          clearUnless(accumulate, dLogits, row, columns);
          continue;
        }
        weight /= temperature;
        int at = dLogits.at + row;
        float old = accumulate ? dLogits.array[at + token] : 0;
        float logSum = lse.array[lse.at + n];
        float probability;
        if (temperature == 1 && !accumulate) {
          float[] x = logits.array;
          int xAt = logits.at + row;
          SoftmaxKernels.expScale(x, xAt, columns, logSum, weight, dLogits.array, at, s);
          probability = SoftmaxKernels.expOf(x[xAt + token], logSum, s);
        } else {
          softmax(logits.at + row, logSum, s);
          Elementwise.scale(s.p, 0, weight, dLogits.array, at, columns, accumulate);
          probability = s.p[token];
        }
        // The target's own entry is formed anew: p - 1 loses nothing that way.
        dLogits.array[at + token] = old + weight * (probability - 1);
      }
    }

    /** {@code s.p = exp(logits/temperature - lse)}. */
    private void softmax(int at, float logSum, RowScratch s) {
      if (temperature == 1) {
        SoftmaxKernels.expSum(logits.array, at, columns, logSum, s);
      } else {
        SoftmaxKernels.divide(logits.array, at, columns, temperature, s.p);
        SoftmaxKernels.expSum(s.p, 0, columns, logSum, s);
      }
    }
  }

  /** {@code entropy = -Σ p ln p}. */
  private static final class Entropy extends RowKernel {
    final Operand logits = new Operand();
    final Operand out = new Operand();
    final Operand lse = new Operand();
    float temperature;
    int columns;

    Entropy(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      RowScratch s = scratch(worker, columns);
      for (int n = from; n < to; n++) {
        int row = logits.at + n * columns;
        float logSum = SoftmaxKernels.logSumExp(logits.array, row, columns, temperature, s);
        lse.array[lse.at + n] = logSum;
        logProbs(logits.array, row, columns, temperature, logSum, s.logP);
        SoftmaxKernels.expSum(s.logP, 0, columns, 0, s);
        out.array[out.at + n] = -expectation(s.p, s.logP, s.logP, columns, s.lanes);
      }
    }
  }

  /** {@code dLogits (+)= -dEntropy p (ln p + entropy) / temperature}. */
  private static final class EntropyBackward extends RowKernel {
    final Operand logits = new Operand();
    final Operand entropy = new Operand();
    final Operand lse = new Operand();
    final Operand dEntropy = new Operand();
    final Operand dLogits = new Operand();
    float temperature;
    int columns;
    boolean accumulate;

    EntropyBackward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      RowScratch s = scratch(worker, columns);
      for (int n = from; n < to; n++) {
        int row = n * columns;
        float d = dEntropy.array[dEntropy.at + n];
        if (d == 0) {
          clearUnless(accumulate, dLogits, row, columns);
          continue;
        }
        float logSum = lse.array[lse.at + n];
        logProbs(logits.array, logits.at + row, columns, temperature, logSum, s.logP);
        SoftmaxKernels.expSum(s.logP, 0, columns, 0, s);
        deviations(s.p, s.logP, s.logP, -entropy.array[entropy.at + n], columns);
        Elementwise.scale(
            s.p, 0, -d / temperature, dLogits.array, dLogits.at + row, columns, accumulate);
      }
    }
  }

  /** {@code kl = Σ p (ln p - ln q)}. */
  private static final class Kl extends RowKernel {
    final Operand logitsP = new Operand();
    final Operand logitsQ = new Operand();
    final Operand out = new Operand();
    final Operand lseP = new Operand();
    final Operand lseQ = new Operand();
    float temperature;
    int columns;

    Kl(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      RowScratch s = scratch(worker, columns);
      for (int n = from; n < to; n++) {
        int p = logitsP.at + n * columns;
        int q = logitsQ.at + n * columns;
        float sumP = SoftmaxKernels.logSumExp(logitsP.array, p, columns, temperature, s);
        float sumQ = SoftmaxKernels.logSumExp(logitsQ.array, q, columns, temperature, s);
        lseP.array[lseP.at + n] = sumP;
        lseQ.array[lseQ.at + n] = sumQ;
        ratios(logitsP.array, p, sumP, logitsQ.array, q, sumQ, columns, temperature, s);
        out.array[out.at + n] = expectation(s.p, s.logP, s.terms, columns, s.lanes);
      }
    }

    /** {@code s.p = p, s.logP = ln p, s.terms = ln p - ln q}. */
    static void ratios(
        float[] p,
        int pAt,
        float lseP,
        float[] q,
        int qAt,
        float lseQ,
        int columns,
        float temperature,
        RowScratch s) {
      logProbs(p, pAt, columns, temperature, lseP, s.logP);
      logProbs(q, qAt, columns, temperature, lseQ, s.terms);
      subtractFrom(s.logP, s.terms, columns);
      SoftmaxKernels.expSum(s.logP, 0, columns, 0, s);
    }
  }

  /** {@code dLogitsP (+)= dKl p (ln p - ln q - kl) / temperature}. */
  private static final class KlBackward extends RowKernel {
    final Operand logitsP = new Operand();
    final Operand logitsQ = new Operand();
    final Operand kl = new Operand();
    final Operand lseP = new Operand();
    final Operand lseQ = new Operand();
    final Operand dKl = new Operand();
    final Operand dLogitsP = new Operand();
    float temperature;
    int columns;
    boolean accumulate;

    KlBackward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      RowScratch s = scratch(worker, columns);
      for (int n = from; n < to; n++) {
        int row = n * columns;
        float d = dKl.array[dKl.at + n];
        if (d == 0) {
          clearUnless(accumulate, dLogitsP, row, columns);
          continue;
        }
        Kl.ratios(
            logitsP.array,
            logitsP.at + row,
            lseP.array[lseP.at + n],
            logitsQ.array,
            logitsQ.at + row,
            lseQ.array[lseQ.at + n],
            columns,
            temperature,
            s);
        deviations(s.p, s.logP, s.terms, kl.array[kl.at + n], columns);
        Elementwise.scale(
            s.p, 0, d / temperature, dLogitsP.array, dLogitsP.at + row, columns, accumulate);
      }
    }
  }
}
