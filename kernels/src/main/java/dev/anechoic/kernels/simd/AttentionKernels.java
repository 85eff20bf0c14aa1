package dev.anechoic.kernels.simd;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
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
  private static final int V = F.length();

  /** Rows of one pass; their scores stay in the L1 cache. */
  private static final int ROWS = GemmTiles.ROWS;

  /** Rows of one pass backward; their weights stay in the L2 cache. */
  private static final int BACKWARD_ROWS = 8 * ROWS;

  /** Floats of a sequence's rows that fill the L2 cache with their gradients: 384 KiB. */
  private static final int CACHED = 3 << 15;

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

    /**
     * Whether task {@code i} of those from {@code from} on is the first here of a sequence that
     * fits in the L2 cache. A head alone reads two lines out of every row: no prefetcher follows
     * that, so the rows of all heads are read once beforehand, as they lie.
     */
    boolean startsSequence(int i, int from, int tasks) {
      return (i == from || i % tasks == 0) && time * width <= CACHED;
    }

    float touchRows(Operand x, int b) {
      return CacheLines.touch(x.array, x.at + b * time * width, time * width);
    }

    float touchOutput(Operand x, int b) {
      return CacheLines.touch(x.array, x.at + output(b, 0), time * outputWidth());
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
    float[] weights = {};
    float[] gradients = {};
    float[] out = {};
    float[] sums = {};
    float[] maxima = {};
    float[] logs = {};

    /** Keeps the compiler from leaving out what is read only for the cache's sake. */
    float touched;

    float[] lanes = new float[ROWS * V];
    float[] delta = new float[BACKWARD_ROWS];
    final Rows values = new Rows();
    final Rows keys = new Rows();
    final Rows queries = new Rows();
    final Rows outs = new Rows();

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

  /** Rows of {@code headSize} elements that are whole vectors: in place, or else copied. */
  static final class Rows {
    float[] array = {};
    int at;
    int ld;
    private float[] copy = {};

    /** Takes {@code count} rows that lie {@code stride} apart. */
    void take(float[] from, int fromAt, int stride, int count, int headSize) {
      if (headSize % V == 0) {
        array = from;
        at = fromAt;
        ld = stride;
        return;
      }
      ld = SmallGemm.padded(headSize);
      copy = Scratch.grown(copy, count * ld);
      for (int r = 0; r < count; r++) {
        System.arraycopy(from, fromAt + r * stride, copy, r * ld, headSize);
        Arrays.fill(copy, r * ld + headSize, (r + 1) * ld, 0f);
      }
      array = copy;
      at = 0;
    }
  }

  /**
   * Largest of {@code scale * s} of every row, NaN left aside; row r has {@code count + r * more}
   * scores. What follows them up to a whole vector becomes minus infinity, so that its exponential
   * is 0.
   */
  static void maxRows(
      float[] s, int rows, int count, int more, int ld, float scale, float[] maxima, int maxAt) {
    for (int r = 0; r < rows; r++) {
      int at = r * ld;
      int end = count + r * more;
      int whole = end & -V;
      if (whole < end) {
        FloatVector.broadcast(F, Float.NEGATIVE_INFINITY)
            .blend(FloatVector.fromArray(F, s, at + whole), F.indexInRange(whole, end))
            .intoArray(s, at + whole);
      }
      FloatVector max = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
      for (int j = 0; j < end; j += V) {
        FloatVector x = FloatVector.fromArray(F, s, at + j).mul(scale);
        max = x.blend(max, x.compare(GT, max).not());
      }
      maxima[maxAt + r] = max.reduceLanes(VectorOperators.MAX);
    }
  }

  /**
   * {@code s = exp(scale s - max)} in place, for the rows of {@link #maxRows}. Leaves the sums of
   * every lane of row r in {@code lanes} from {@code r * V} on.
   */
  static void expRows(
      float[] s,
      int rows,
      int count,
      int more,
      int ld,
      float scale,
      float[] maxima,
      int maxAt,
      float[] lanes) {
    for (int r = 0; r < rows; r++) {
      FloatVector sum = FloatVector.zero(F);
      float max = maxima[maxAt + r];
      int at = r * ld;
      int end = at + count + r * more;
      for (int j = at; j < end; j += V) {
        FloatVector v = FloatVector.fromArray(F, s, j).mul(scale).sub(max);
        FloatVector shifted = v.fma(VectorMath.LOG2_E, VectorMath.ROUND);
        FloatVector whole = shifted.sub(VectorMath.ROUND);
        FloatVector x = whole.fma(FloatVector.broadcast(F, -VectorMath.LN2_HIGH), v);
        x = whole.fma(FloatVector.broadcast(F, -VectorMath.LN2_LOW), x);
        FloatVector p = x.fma(VectorMath.EXP_6, VectorMath.EXP_5);
        p = p.fma(x, FloatVector.broadcast(F, VectorMath.EXP_4));
        p = p.fma(x, FloatVector.broadcast(F, VectorMath.EXP_3));
        p = p.fma(x, FloatVector.broadcast(F, VectorMath.EXP_2));
        p = x.mul(x).fma(p, x);
        FloatVector power =
            shifted
                .reinterpretAsInts()
                .lanewise(LSHL, 23)
                .add(VectorMath.ONE_BITS)
                .reinterpretAsFloats();
        FloatVector e = p.fma(power, power).blend(0f, v.compare(LT, VectorMath.EXP_MIN));
        e.intoArray(s, j);
        sum = e.add(sum);
      }
      sum.intoArray(lanes, r * V);
    }
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
    if (rows == 6) {
      corner6(columns, weights, all, ldw, v, rest, ldv, factors, out, outAt, ldo);
      return;
    }
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

  /** The keys of {@link #mixValues} that not all of six rows see: the triangle, written out. */
  private static void corner6(
      int columns,
      float[] weights,
      int wAt,
      int ldw,
      float[] v,
      int vAt,
      int ldv,
      float[] factors,
      float[] out,
      int outAt,
      int ldo) {
    int w1 = wAt + ldw;
    int w2 = wAt + 2 * ldw;
    int w3 = wAt + 3 * ldw;
    int w4 = wAt + 4 * ldw;
    int w5 = wAt + 5 * ldw;
    for (int c = 0; c < columns; c += V) {
      FloatVector v0 = FloatVector.fromArray(F, v, vAt + c);
      FloatVector v1 = FloatVector.fromArray(F, v, vAt + ldv + c);
      FloatVector v2 = FloatVector.fromArray(F, v, vAt + 2 * ldv + c);
      FloatVector v3 = FloatVector.fromArray(F, v, vAt + 3 * ldv + c);
      FloatVector v4 = FloatVector.fromArray(F, v, vAt + 4 * ldv + c);
      FloatVector s0 = FloatVector.fromArray(F, out, outAt + c);
      FloatVector s1 = FloatVector.fromArray(F, out, outAt + ldo + c);
      FloatVector s2 = FloatVector.fromArray(F, out, outAt + 2 * ldo + c);
      FloatVector s3 = FloatVector.fromArray(F, out, outAt + 3 * ldo + c);
      FloatVector s4 = FloatVector.fromArray(F, out, outAt + 4 * ldo + c);
      FloatVector s5 = FloatVector.fromArray(F, out, outAt + 5 * ldo + c);
      s1 = FloatVector.broadcast(F, weights[w1]).fma(v0, s1);
      s2 = FloatVector.broadcast(F, weights[w2]).fma(v0, s2);
      s3 = FloatVector.broadcast(F, weights[w3]).fma(v0, s3);
      s4 = FloatVector.broadcast(F, weights[w4]).fma(v0, s4);
      s5 = FloatVector.broadcast(F, weights[w5]).fma(v0, s5);
      s2 = FloatVector.broadcast(F, weights[w2 + 1]).fma(v1, s2);
      s3 = FloatVector.broadcast(F, weights[w3 + 1]).fma(v1, s3);
      s4 = FloatVector.broadcast(F, weights[w4 + 1]).fma(v1, s4);
      s5 = FloatVector.broadcast(F, weights[w5 + 1]).fma(v1, s5);
      s3 = FloatVector.broadcast(F, weights[w3 + 2]).fma(v2, s3);
      s4 = FloatVector.broadcast(F, weights[w4 + 2]).fma(v2, s4);
      s5 = FloatVector.broadcast(F, weights[w5 + 2]).fma(v2, s5);
      s4 = FloatVector.broadcast(F, weights[w4 + 3]).fma(v3, s4);
      s5 = FloatVector.broadcast(F, weights[w5 + 3]).fma(v3, s5);
      s5 = FloatVector.broadcast(F, weights[w5 + 4]).fma(v4, s5);
      s0.mul(factors[0]).intoArray(out, outAt + c);
      s1.mul(factors[1]).intoArray(out, outAt + ldo + c);
      s2.mul(factors[2]).intoArray(out, outAt + 2 * ldo + c);
      s3.mul(factors[3]).intoArray(out, outAt + 3 * ldo + c);
      s4.mul(factors[4]).intoArray(out, outAt + 4 * ldo + c);
      s5.mul(factors[5]).intoArray(out, outAt + 5 * ldo + c);
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
        int b = i / layout.heads;
        if (layout.startsSequence(i, from, layout.heads)) {
          Scratch s = scratch[worker];
          s.touched = layout.touchRows(qkv, b) + layout.touchOutput(out, b);
        }
        head(b, i % layout.heads, scratch[worker]);
      }
    }

    private void head(int b, int h, Scratch s) {
      Layout l = layout;
      int ld = SmallGemm.padded(l.time);
      s.keysT = Scratch.grown(s.keysT, l.headSize * ld);
      s.weights = Scratch.grown(s.weights, ROWS * ld);
      s.maxima = Scratch.grown(s.maxima, ld);
      s.sums = Scratch.grown(s.sums, ld);
      s.logs = Scratch.grown(s.logs, ld);
      int kvHead = h / l.group;
      transpose(qkv.array, qkv.at + l.key(b, kvHead), l.width, l.time, l.headSize, s.keysT, ld);
      Rows values = s.values;
      values.take(qkv.array, qkv.at + l.value(b, kvHead), l.width, l.time, l.headSize);
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
            values.array,
            values.at,
            values.ld,
            scale,
            s,
            t,
            out.array,
            to,
            l.outputWidth());
      }
      VectorMath.plusLog(s.maxima, s.sums, s.logs, l.time);
      System.arraycopy(s.logs, 0, lse.array, lse.at + (b * l.heads + h) * l.time, l.time);
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
      int at,
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
    weigh(rows, first, headSize, ldw, values, valuesAt, ldv, scale, s, at, out, outAt, ldo);
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
      int at,
      float[] out,
      int outAt,
      int ldo) {
    float[] inverse = s.delta;
    maxRows(s.weights, rows, first + 1, 1, ldw, scale, s.maxima, at);
    expRows(s.weights, rows, first + 1, 1, ldw, scale, s.maxima, at, s.lanes);
    for (int r = 0; r < rows; r++) {
      float sum = VectorMath.sum(FloatVector.fromArray(F, s.lanes, r * V));
      s.sums[at + r] = sum;
      inverse[r] = 1 / sum;
    }
    boolean aside = headSize % V != 0;
    int ld = aside ? SmallGemm.padded(headSize) : ldo;
    if (aside) {
      s.out = Scratch.grown(s.out, ROWS * ld);
    }
    float[] to = aside ? s.out : out;
    int toAt = aside ? 0 : outAt;
    mixValues(rows, first, headSize, s.weights, ldw, values, valuesAt, ldv, inverse, to, toAt, ld);
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
        int b = i / layout.kvHeads;
        if (layout.startsSequence(i, from, layout.kvHeads)) {
          Scratch s = scratch[worker];
          s.touched = layout.touchRows(qkv, b) + layout.touchOutput(out, b);
          s.touched += layout.touchRows(dQkv, b) + layout.touchOutput(dOut, b);
        }
        kvHead(b, i % layout.kvHeads, scratch[worker]);
      }
    }

    private void kvHead(int b, int kvHead, Scratch s) {
      Layout l = layout;
      int ld = SmallGemm.padded(l.time);
      int ldd = SmallGemm.padded(l.headSize);
      s.keysT = Scratch.grown(s.keysT, l.headSize * ld);
      s.valuesT = Scratch.grown(s.valuesT, l.headSize * ld);
      s.weights = Scratch.grown(s.weights, BACKWARD_ROWS * ld);
      s.gradients = Scratch.grown(s.gradients, BACKWARD_ROWS * ld);
      s.out = Scratch.grown(s.out, (2 * l.time + BACKWARD_ROWS) * ldd);
      int key = qkv.at + l.key(b, kvHead);
      int value = qkv.at + l.value(b, kvHead);
      transpose(qkv.array, key, l.width, l.time, l.headSize, s.keysT, ld);
      transpose(qkv.array, value, l.width, l.time, l.headSize, s.valuesT, ld);
      s.keys.take(qkv.array, key, l.width, l.time, l.headSize);
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
      Rows q = s.queries;
      Rows dO = s.outs;
      q.take(qkv.array, query, l.width, rows, l.headSize);
      dO.take(dOut.array, dOut.at + row, l.outputWidth(), rows, l.headSize);
      for (int i = 0; i < rows; i += ROWS) {
        int some = Math.min(ROWS, rows - i);
        int keys = first + i + some;
        SmallGemm.multiply(
            false,
            some,
            keys,
            l.headSize,
            q.array,
            q.at + i * q.ld,
            q.ld,
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
            dO.array,
            dO.at + i * dO.ld,
            dO.ld,
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
        s.delta[i] = SoftmaxKernels.dot(dOut.array, dOut.at + o, out.array, out.at + o, l.headSize);
      }
      int logSums = lse.at + (b * l.heads + h) * l.time + first;
      scoreGradients(
          s.weights, s.gradients, rows, first + 1, seen, ld, scale, lse.array, logSums, s.delta);
      boolean inPlace = !accumulate && l.headSize % V == 0;
      float[] dQ = inPlace ? dQkv.array : s.out;
      int dQuery = inPlace ? dQkv.at + query - qkv.at : 2 * l.time * ldd;
      int ldq = inPlace ? l.width : ldd;
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
            s.keys.array,
            s.keys.at,
            s.keys.ld,
            false,
            dQ,
            dQuery + i * ldq,
            ldq);
      }
      if (!inPlace) {
        write(s.out, dQuery, ldd, rows, dQkv.at + query - qkv.at);
      }
      addKeys(s, s.gradients, q, 0, first, rows, ld, ldd);
      addKeys(s, s.weights, dO, l.time * ldd, first, rows, ld, ldd);
    }

    /** {@code to[j, :] += Σ_i w[i, j] x[i, :]}, i in order, from the first row that sees j. */
    private void addKeys(
        Scratch s, float[] w, Rows x, int to, int first, int rows, int ld, int ldd) {
      int d = layout.headSize;
      SmallGemm.multiply(true, first, d, rows, w, 0, ld, x.array, x.at, x.ld, true, s.out, to, ldd);
      for (int j = 0; j < rows; j += ROWS) {
        SmallGemm.multiply(
            true,
            Math.min(ROWS, rows - j),
            d,
            rows - j,
            w,
            j * ld + first + j,
            ld,
            x.array,
            x.at + j * x.ld,
            x.ld,
            true,
            s.out,
            to + (first + j) * ldd,
            ldd);
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
          copy(from, at + r * ld, dQkv.array, row, l.headSize);
        }
      }
    }

    /** A row as vectors: a call of arraycopy costs more than so few elements. */
    private static void copy(float[] from, int at, float[] to, int toAt, int columns) {
      int c = 0;
      for (; c + V <= columns; c += V) {
        FloatVector.fromArray(F, from, at + c).intoArray(to, toAt + c);
      }
      for (; c < columns; c++) {
        to[toAt + c] = from[at + c];
      }
    }

    /**
     * From the scores {@code w} and {@code g = dOut Vᵀ}, in place: {@code w = exp(scale w - lse); g
     * = scale w (g - δ)}. Both are 0 from the keys that a row sees, {@code count + i} of row i, to
     * {@code end}, rounded up to whole vectors.
     */
    private static void scoreGradients(
        float[] w,
        float[] g,
        int rows,
        int count,
        int end,
        int ld,
        float scale,
        float[] lse,
        int lseAt,
        float[] delta) {
      for (int i = 0; i < rows; i++) {
        int at = i * ld;
        int seen = count + i;
        int whole = seen & -V;
        if (whole < seen) {
          VectorMask<Float> mask = F.indexInRange(whole, seen);
          FloatVector.broadcast(F, Float.NEGATIVE_INFINITY)
              .blend(FloatVector.fromArray(F, w, at + whole), mask)
              .intoArray(w, at + whole);
          FloatVector.zero(F)
              .blend(FloatVector.fromArray(F, g, at + whole), mask)
              .intoArray(g, at + whole);
        }
        float logSum = lse[lseAt + i];
        float d = delta[i];
        int j = 0;
        for (; j < seen; j += V) {
          FloatVector v = FloatVector.fromArray(F, w, at + j).mul(scale).sub(logSum);
          FloatVector shifted = v.fma(VectorMath.LOG2_E, VectorMath.ROUND);
          FloatVector n = shifted.sub(VectorMath.ROUND);
          FloatVector x = n.fma(FloatVector.broadcast(F, -VectorMath.LN2_HIGH), v);
          x = n.fma(FloatVector.broadcast(F, -VectorMath.LN2_LOW), x);
          FloatVector p = x.fma(VectorMath.EXP_6, VectorMath.EXP_5);
          p = p.fma(x, FloatVector.broadcast(F, VectorMath.EXP_4));
          p = p.fma(x, FloatVector.broadcast(F, VectorMath.EXP_3));
          p = p.fma(x, FloatVector.broadcast(F, VectorMath.EXP_2));
          p = x.mul(x).fma(p, x);
          FloatVector power =
              shifted
                  .reinterpretAsInts()
                  .lanewise(LSHL, 23)
                  .add(VectorMath.ONE_BITS)
                  .reinterpretAsFloats();
          FloatVector e = p.fma(power, power).blend(0f, v.compare(LT, VectorMath.EXP_MIN));
          e.intoArray(w, at + j);
          FloatVector.fromArray(F, g, at + j).sub(d).mul(scale).mul(e).intoArray(g, at + j);
        }
        for (; j < end; j += V) {
          FloatVector.zero(F).intoArray(w, at + j);
          FloatVector.zero(F).intoArray(g, at + j);
        }
      }
    }
  }
}
