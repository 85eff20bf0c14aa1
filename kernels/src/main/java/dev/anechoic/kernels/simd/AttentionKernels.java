package dev.anechoic.kernels.simd;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.XOR;

import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Causal self-attention; {@link CachedAttention} has that over a cache.
 *
 * <p>Per head, keys are transposed to [D,T] so that lanes run along keys; the scores of a row, one
 * chain over d each, stay in scratch; then max, exponentials and their sum; then the values are
 * added in order of the keys, with lanes along D, and divided by the sum at the end. A row stops at
 * its own position: nothing after it is touched, so its bits do not depend on T, on padding, on the
 * rows computed with it, or on whether keys and values come from a cache.
 *
 * <p>Backward computes the weights anew from {@code lse}, as in Dao et al., FlashAttention (2022).
 */
final class AttentionKernels {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final VectorSpecies<Integer> I = Lanes.I;
  private static final int V = F.length();

  /** Rows of one pass; their scores stay in the L1 cache. */
  private static final int ROWS = GemmTiles.ROWS;

  /** Rows of one pass backward; their weights stay in the L2 cache. */
  private static final int BACKWARD_ROWS = 8 * ROWS;

  private final Scratch[] scratch;
  private final Forward forward;
  private final Backward backward;

  AttentionKernels(WorkerPool pool) {
    scratch = new Scratch[pool.threads()];
    Arrays.setAll(scratch, i -> new Scratch());
    forward = new Forward(pool);
    backward = new Backward(pool);
  }

  void attention(Tensor qkv, int heads, int kvHeads, double scale, Tensor out, Tensor lse) {
    Forward k = forward;
    k.layout.set(qkv, heads, kvHeads);
    k.qkv.set(qkv);
    k.out.set(out);
    k.lse.set(lse);
    k.scale = (float) scale;
    k.start(qkv.dim(0) * heads, k.layout.work());
  }

  void attentionBackward(
      Tensor qkv,
      int heads,
      int kvHeads,
      double scale,
      Tensor out,
      Tensor lse,
      Tensor dOut,
      Tensor dQkv,
      boolean accumulate) {
    Backward k = backward;
    k.layout.set(qkv, heads, kvHeads);
    k.qkv.set(qkv);
    k.out.set(out);
    k.lse.set(lse);
    k.dOut.set(dOut);
    k.dQkv.set(dQkv);
    k.scale = (float) scale;
    k.accumulate = accumulate;
    k.start(qkv.dim(0) * kvHeads, 3 * k.layout.work());
  }

  /** Where heads lie in the packed rows [B,T,(H+2K)*D], and in the output [B,T,H*D]. */
  static final class Layout {
    int time;
    int width;
    int heads;
    int kvHeads;
    int headSize;

    /** Query heads that share a key/value head. */
    int group;

    void set(Tensor qkv, int heads, int kvHeads) {
      this.heads = heads;
      this.kvHeads = kvHeads;
      time = qkv.dim(1);
      width = qkv.dim(2);
      headSize = width / (heads + 2 * kvHeads);
      group = heads / kvHeads;
    }

    int query(int b, int head) {
      return b * time * width + head * headSize;
    }

    int key(int b, int kvHead) {
      return b * time * width + (heads + kvHead) * headSize;
    }

    int value(int b, int kvHead) {
      return b * time * width + (heads + kvHeads + kvHead) * headSize;
    }

    int output(int b, int head) {
      return (b * time * heads + head) * headSize;
    }

    int outputWidth() {
      return heads * headSize;
    }

    /** Element visits per head. */
    long work() {
      return (long) time * time * headSize / V + (long) time * headSize;
    }
  }

  /** Memory of one thread. Grows to what is asked and stays. */
  static final class Scratch {
    float[] keysT = {};
    float[] valuesT = {};
    float[] values = {};
    float[] keys = {};
    float[] weights = {};
    float[] gradients = {};
    float[] out = {};
    float[] sums = new float[ROWS];
    float[] delta = new float[BACKWARD_ROWS];

    static float[] grown(float[] array, int length) {
      return array.length >= length ? array : new float[length];
    }
  }

  // ---- parts --------------------------------------------------------------------------------

  /** {@code to[d, t] = from[t, d]}; rows of {@code to} are {@code ld} apart. */
  private static void transpose(
      float[] from, int at, int stride, int time, int headSize, float[] to, int ld) {
    int t = 0;
    if (V == GemmPacking.Transpose16.SIZE && headSize % V == 0) {
      for (; t + V <= time; t += V) {
        for (int d = 0; d < headSize; d += V) {
          GemmPacking.Transpose16.block(from, at + t * stride + d, stride, to, d * ld + t, ld);
        }
      }
    }
    for (; t < time; t++) {
      for (int d = 0; d < headSize; d++) {
        to[d * ld + t] = from[at + t * stride + d];
      }
    }
  }

  /** Rows of {@code headSize} made whole vectors, zeros behind. */
  static void padRows(
      float[] from, int at, int stride, int time, int headSize, float[] to, int ld) {
    for (int t = 0; t < time; t++) {
      System.arraycopy(from, at + t * stride, to, t * ld, headSize);
      Arrays.fill(to, t * ld + headSize, (t + 1) * ld, 0f);
    }
  }

  /**
   * Largest of {@code scale * s} over {@code count} scores; where there is a NaN, any of them,
   * since the sum of the exponentials is NaN then. What follows them up to a whole vector becomes
   * minus infinity, so that its exponential is 0.
   *
   * <p>Compares bits as whole numbers: a maximum of floats takes several instructions, since it has
   * to tell zeros and NaN apart.
   */
  static float maxScaled(float[] s, int at, int count, float scale) {
    IntVector max = IntVector.broadcast(I, Integer.MIN_VALUE);
    int whole = count & -V;
    if (whole < count) {
      FloatVector.broadcast(F, Float.NEGATIVE_INFINITY)
          .blend(FloatVector.fromArray(F, s, at + whole), F.indexInRange(whole, count))
          .intoArray(s, at + whole);
    }
    for (int j = 0; j < count; j += V) {
      IntVector bits = FloatVector.fromArray(F, s, at + j).mul(scale).reinterpretAsInts();
      // Negative floats in reverse: their bits grow as they fall.
      max = max.max(bits.lanewise(XOR, bits.lanewise(ASHR, 31).lanewise(LSHR, 1)));
    }
    int largest = max.reduceLanes(VectorOperators.MAX);
    return Float.intBitsToFloat(largest ^ largest >> 31 >>> 1);
  }

  /**
   * {@code s = exp(scale s - max)} in place, up to a whole vector; returns the sum, lane by lane,
   * then folded.
   */
  static float expScaled(float[] s, int at, int count, float scale, float max) {
    FloatVector sum = FloatVector.zero(F);
    for (int j = 0; j < count; j += V) {
      FloatVector x = FloatVector.fromArray(F, s, at + j).mul(scale).sub(max);
      FloatVector e = VectorMath.expNotPositive(x);
      e.intoArray(s, at + j);
      sum = sum.add(e);
    }
    return VectorMath.sum(sum);
  }

  /**
   * Weighted sums of the values for {@code rows} rows, of which row r sees {@code first + 1 + r}
   * keys, times {@code factors[r]}. Each element is one chain in order of the keys: those that all
   * rows see at once, then the rest.
   */
  private static void mixValues(
      int rows,
      int first,
      int columns,
      float[] weights,
      int ldw,
      float[] v,
      int vAt,
      int ldv,
      float[] factors,
      float[] out,
      int outAt,
      int ldo) {
    int all = first + 1;
    SmallGemm.multiply(
        false, rows, columns, all, weights, 0, ldw, v, vAt, ldv, false, out, outAt, ldo);
    int rest = vAt + all * ldv;
    for (int c = 0; c < columns; c += V) {
      for (int r = 0; r < rows; r++) {
        FloatVector sum = FloatVector.fromArray(F, out, outAt + r * ldo + c);
        for (int k = 0; k < r; k++) {
          FloatVector value = FloatVector.fromArray(F, v, rest + k * ldv + c);
          sum = FloatVector.broadcast(F, weights[r * ldw + all + k]).fma(value, sum);
        }
        sum.mul(factors[r]).intoArray(out, outAt + r * ldo + c);
      }
    }
  }

  // ---- forward ------------------------------------------------------------------------------

  /** Its rows are pairs of sequence and head. */
  private final class Forward extends RowKernel {
    final Layout layout = new Layout();
    final Operand qkv = new Operand();
    final Operand out = new Operand();
    final Operand lse = new Operand();
    float scale;

    Forward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int i = from; i < to; i++) {
        head(i / layout.heads, i % layout.heads, scratch[worker]);
      }
    }

    private void head(int b, int h, Scratch s) {
      Layout l = layout;
      int ld = SmallGemm.padded(l.time);
      s.keysT = Scratch.grown(s.keysT, l.headSize * ld);
      s.weights = Scratch.grown(s.weights, ROWS * ld);
      int kvHead = h / l.group;
      transpose(qkv.array, qkv.at + l.key(b, kvHead), l.width, l.time, l.headSize, s.keysT, ld);
      float[] values = qkv.array;
      int valuesAt = qkv.at + l.value(b, kvHead);
      int ldv = l.width;
      if (l.headSize % V != 0) {
        ldv = SmallGemm.padded(l.headSize);
        s.values = Scratch.grown(s.values, l.time * ldv);
        padRows(values, valuesAt, l.width, l.time, l.headSize, s.values, ldv);
        values = s.values;
        valuesAt = 0;
      }
      for (int t = 0; t < l.time; t += ROWS) {
        int rows = Math.min(ROWS, l.time - t);
        int query = qkv.at + l.query(b, h) + t * l.width;
        int to = out.at + l.output(b, h) + t * l.outputWidth();
        block(
            rows,
            t,
            l.headSize,
            qkv.array,
            query,
            l.width,
            s.keysT,
            0,
            ld,
            ld,
            values,
            valuesAt,
            ldv,
            scale,
            s,
            out.array,
            to,
            l.outputWidth());
        for (int r = 0; r < rows; r++) {
          lse.array[lse.at + (b * l.heads + h) * l.time + t + r] = s.sums[r];
        }
      }
    }
  }

  /**
   * Rows of queries at positions {@code first} to {@code first + rows - 1}. Leaves the log-sum-exp
   * of each in {@code s.sums}.
   */
  static void block(
      int rows,
      int first,
      int headSize,
      float[] q,
      int query,
      int ldq,
      float[] keysT,
      int keysAt,
      int ldk,
      int ldw,
      float[] values,
      int valuesAt,
      int ldv,
      float scale,
      Scratch s,
      float[] out,
      int outAt,
      int ldo) {
    SmallGemm.multiply(
        false,
        rows,
        first + rows,
        headSize,
        q,
        query,
        ldq,
        keysT,
        keysAt,
        ldk,
        false,
        s.weights,
        0,
        ldw);
    weigh(rows, first, headSize, ldw, values, valuesAt, ldv, scale, s, out, outAt, ldo);
  }

  /** The part of {@link #block} after the scores. */
  private static void weigh(
      int rows,
      int first,
      int headSize,
      int ldw,
      float[] values,
      int valuesAt,
      int ldv,
      float scale,
      Scratch s,
      float[] out,
      int outAt,
      int ldo) {
    float[] inverse = s.delta;
    for (int r = 0; r < rows; r++) {
      inverse[r] = maxScaled(s.weights, r * ldw, first + r + 1, scale);
    }
    for (int r = 0; r < rows; r++) {
      float max = inverse[r];
      float sum = expScaled(s.weights, r * ldw, first + r + 1, scale, max);
      inverse[r] = 1 / sum;
      s.sums[r] = SoftmaxKernels.plusLog(max, sum);
    }
    boolean aside = headSize % V != 0;
    int ld = aside ? SmallGemm.padded(headSize) : ldo;
    if (aside) {
      s.out = Scratch.grown(s.out, ROWS * ld);
    }
    float[] to = aside ? s.out : out;
    int at = aside ? 0 : outAt;
    mixValues(rows, first, headSize, s.weights, ldw, values, valuesAt, ldv, inverse, to, at, ld);
    for (int r = 0; aside && r < rows; r++) {
      System.arraycopy(to, r * ld, out, outAt + r * ldo, headSize);
    }
  }

  // ---- backward -----------------------------------------------------------------------------

  /**
   * {@code dV = Pᵀ dOut; dS = scale P (dOut Vᵀ - δ); dQ = dS K; dK = dSᵀ Q}. Its rows are pairs of
   * sequence and key/value head; the query heads of a group add to it in order.
   */
  private final class Backward extends RowKernel {
    final Layout layout = new Layout();
    final Operand qkv = new Operand();
    final Operand out = new Operand();
    final Operand lse = new Operand();
    final Operand dOut = new Operand();
    final Operand dQkv = new Operand();
    float scale;
    boolean accumulate;

    Backward(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int i = from; i < to; i++) {
        kvHead(i / layout.kvHeads, i % layout.kvHeads, scratch[worker]);
      }
    }

    private void kvHead(int b, int kvHead, Scratch s) {
      Layout l = layout;
      int ld = SmallGemm.padded(l.time);
      int ldd = SmallGemm.padded(l.headSize);
      s.keysT = Scratch.grown(s.keysT, l.headSize * ld);
      s.valuesT = Scratch.grown(s.valuesT, l.headSize * ld);
      s.keys = Scratch.grown(s.keys, l.time * ldd);
      s.weights = Scratch.grown(s.weights, BACKWARD_ROWS * ld);
      s.gradients = Scratch.grown(s.gradients, BACKWARD_ROWS * ld);
      s.out = Scratch.grown(s.out, (2 * l.time + 3 * BACKWARD_ROWS) * ldd);
      int key = qkv.at + l.key(b, kvHead);
      int value = qkv.at + l.value(b, kvHead);
      transpose(qkv.array, key, l.width, l.time, l.headSize, s.keysT, ld);
      transpose(qkv.array, value, l.width, l.time, l.headSize, s.valuesT, ld);
      padRows(qkv.array, key, l.width, l.time, l.headSize, s.keys, ldd);
      Arrays.fill(s.out, 0, 2 * l.time * ldd, 0f); // dK [T,D], then dV [T,D]
      for (int h = kvHead * l.group; h < (kvHead + 1) * l.group; h++) {
        for (int t = 0; t < l.time; t += BACKWARD_ROWS) {
          rowsOfHead(b, h, t, Math.min(BACKWARD_ROWS, l.time - t), ld, ldd, s);
        }
      }
      write(s.out, 0, ldd, l.time, dQkv.at + l.key(b, kvHead));
      write(s.out, l.time * ldd, ldd, l.time, dQkv.at + l.value(b, kvHead));
    }

    private void rowsOfHead(int b, int h, int first, int rows, int ld, int ldd, Scratch s) {
      Layout l = layout;
      int query = qkv.at + l.query(b, h) + first * l.width;
      int row = l.output(b, h) + first * l.outputWidth();
      int seen = first + rows;
      int gather = 2 * l.time * ldd; // Q rows, dOut rows, dQ rows
      int gathered = gather + BACKWARD_ROWS * ldd;
      int dQuery = gathered + BACKWARD_ROWS * ldd;
      padRowsAt(qkv.array, query, l.width, rows, s.out, gather, ldd);
      padRowsAt(dOut.array, dOut.at + row, l.outputWidth(), rows, s.out, gathered, ldd);
      for (int i = 0; i < rows; i += ROWS) {
        int some = Math.min(ROWS, rows - i);
        int keys = first + i + some;
        SmallGemm.multiply(
            false,
            some,
            keys,
            l.headSize,
            s.out,
            gather + i * ldd,
            ldd,
            s.keysT,
            0,
            ld,
            false,
            s.weights,
            i * ld,
            ld);
        SmallGemm.multiply(
            false,
            some,
            keys,
            l.headSize,
            s.out,
            gathered + i * ldd,
            ldd,
            s.valuesT,
            0,
            ld,
            false,
            s.gradients,
            i * ld,
            ld);
      }
      for (int i = 0; i < rows; i++) {
        int o = row + i * l.outputWidth();
        float delta =
            SoftmaxKernels.dot(dOut.array, dOut.at + o, out.array, out.at + o, l.headSize);
        float logSum = lse.array[lse.at + (b * l.heads + h) * l.time + first + i];
        scoreGradients(s.weights, s.gradients, i * ld, first + i + 1, seen, scale, logSum, delta);
      }
      for (int i = 0; i < rows; i += ROWS) {
        int some = Math.min(ROWS, rows - i);
        SmallGemm.multiply(
            false,
            some,
            l.headSize,
            first + i + some,
            s.gradients,
            i * ld,
            ld,
            s.keys,
            0,
            ldd,
            false,
            s.out,
            dQuery + i * ldd,
            ldd);
      }
      write(s.out, dQuery, ldd, rows, dQkv.at + query - qkv.at);
      addKeys(s, s.gradients, gather, 0, first, rows, ld, ldd);
      addKeys(s, s.weights, gathered, l.time * ldd, first, rows, ld, ldd);
    }

    /** {@code to[j, :] += Σ_i w[i, j] x[i, :]}, i in order, from the first row that sees j. */
    private void addKeys(
        Scratch s, float[] w, int x, int to, int first, int rows, int ld, int ldd) {
      int d = layout.headSize;
      SmallGemm.multiply(true, first, d, rows, w, 0, ld, s.out, x, ldd, true, s.out, to, ldd);
      for (int j = 0; j < rows; j += ROWS) {
        SmallGemm.multiply(
            true,
            Math.min(ROWS, rows - j),
            d,
            rows - j,
            w,
            j * ld + first + j,
            ld,
            s.out,
            x + j * ldd,
            ldd,
            true,
            s.out,
            to + (first + j) * ldd,
            ldd);
      }
    }

    private void padRowsAt(
        float[] from, int at, int stride, int rows, float[] to, int toAt, int ld) {
      int d = layout.headSize;
      for (int r = 0; r < rows; r++) {
        System.arraycopy(from, at + r * stride, to, toAt + r * ld, d);
        Arrays.fill(to, toAt + r * ld + d, toAt + (r + 1) * ld, 0f);
      }
    }

    /** Rows of scratch to rows of the gradient. */
    private void write(float[] from, int at, int ld, int rows, int to) {
      Layout l = layout;
      for (int r = 0; r < rows; r++) {
        int row = to + r * l.width;
        if (accumulate) {
          Elementwise.add(dQkv.array, row, from, at + r * ld, dQkv.array, row, l.headSize);
        } else {
          System.arraycopy(from, at + r * ld, dQkv.array, row, l.headSize);
        }
      }
    }

    /**
     * From the scores {@code w} and {@code g = dOut Vᵀ} of a row, in place: {@code w = exp(scale w
     * - lse); g = scale w (g - δ)}. Both are 0 from {@code count}, the keys the row sees, to {@code
     * end}, rounded up to whole vectors.
     */
    private static void scoreGradients(
        float[] w, float[] g, int at, int count, int end, float scale, float lse, float delta) {
      int whole = count & -V;
      int seen = whole;
      if (whole < count) {
        VectorMask<Float> mask = F.indexInRange(whole, count);
        FloatVector.broadcast(F, Float.NEGATIVE_INFINITY)
            .blend(FloatVector.fromArray(F, w, at + whole), mask)
            .intoArray(w, at + whole);
        FloatVector.zero(F)
            .blend(FloatVector.fromArray(F, g, at + whole), mask)
            .intoArray(g, at + whole);
        seen += V;
      }
      for (int j = 0; j < seen; j += V) {
        FloatVector x = FloatVector.fromArray(F, w, at + j).mul(scale).sub(lse);
        FloatVector p = VectorMath.exp(x);
        p.intoArray(w, at + j);
        FloatVector.fromArray(F, g, at + j).sub(delta).mul(scale).mul(p).intoArray(g, at + j);
      }
      for (int j = seen; j < end; j += V) {
        FloatVector.zero(F).intoArray(w, at + j);
        FloatVector.zero(F).intoArray(g, at + j);
      }
    }
  }
}
