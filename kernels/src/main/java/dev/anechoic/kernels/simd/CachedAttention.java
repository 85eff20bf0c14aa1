package dev.anechoic.kernels.simd;

import dev.anechoic.kernels.simd.AttentionKernels.Layout;
import dev.anechoic.kernels.simd.AttentionKernels.Rows;
import dev.anechoic.kernels.simd.AttentionKernels.Scratch;
import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Causal self-attention of new tokens over a cache, with the bits of {@link AttentionKernels}.
 *
 * <p>The cache of a slot and head holds values as [Tmax,D] and keys in blocks of V positions, each
 * transposed, [D,V]: what a step reads lies in a row, from the first position to the last in use.
 * The last block is narrower where V does not divide Tmax.
 *
 * <p>A decoding step, one new token per slot, is bound by memory, and by the latency of
 * multiply-adds: a block of scores is one chain over D, a vector of the output one over the keys.
 * So chains of all heads of a slot run four at a time.
 */
final class CachedAttention extends RowKernel {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  private final Memory[] memory;
  private final Layout layout = new Layout();
  private final Operand qkv = new Operand();
  private final Operand keys = new Operand();
  private final Operand values = new Operand();
  private final Operand out = new Operand();
  private final Indices slots = new Indices();
  private final Indices starts = new Indices();
  private int capacity;
  private float scale;

  CachedAttention(WorkerPool pool) {
    super(pool);
    memory = new Memory[pool.threads()];
    Arrays.setAll(memory, i -> new Memory());
  }

  void attend(
      Tensor qkvTensor,
      Tensor slotsTensor,
      Tensor startsTensor,
      int heads,
      int kvHeads,
      double scale,
      Tensor keysTensor,
      Tensor valuesTensor,
      Tensor outTensor) {
    layout.set(qkvTensor, heads, kvHeads);
    capacity = keysTensor.dim(2);
    slots.set(slotsTensor);
    starts.set(startsTensor);
    int batch = qkvTensor.dim(0);
    slots.check(batch, keysTensor.dim(0), false, "attentionCached", "slots");
    starts.check(batch, capacity - layout.time + 1, false, "attentionCached", "starts");
    qkv.set(qkvTensor);
    keys.set(keysTensor);
    values.set(valuesTensor);
    out.set(outTensor);
    this.scale = (float) scale;
    start(batch * kvHeads, layout.work() * heads / kvHeads + capacity * 8L);
  }

  /** Of one thread. */
  private static final class Memory {
    final Scratch scratch = new Scratch();
    final Chains chains = new Chains();

    /** A narrow last block of keys per head, made wide: [D,V] each. */
    float[] lastBlocks = {};
  }

  /** Rows are pairs of sequence and key/value head. */
  @Override
  void rows(int from, int to, int worker) {
    int kvHeads = layout.kvHeads;
    Memory m = memory[worker];
    // All first: what is stored now has left the store buffer when it is read.
    for (int i = from; i < to; i++) {
      store(i / kvHeads, i % kvHeads);
    }
    boolean step = layout.time == 1 && layout.headSize % V == 0;
    for (int i = from; i < to; ) {
      int b = i / kvHeads;
      int first = i % kvHeads;
      int last = Math.min(kvHeads, first + to - i);
      if (step) {
        step(b, first, last, m);
      } else {
        for (int kvHead = first; kvHead < last; kvHead++) {
          several(b, kvHead, m.scratch);
        }
      }
      i += last - first;
    }
  }

  /** Where the keys, and the values, of a sequence and head lie. */
  private int cacheOf(int b, int kvHead) {
    return (slots.get(b) * layout.kvHeads + kvHead) * capacity * layout.headSize;
  }

  /** Positions of the block that begins at position {@code first}. */
  private int width(int first) {
    return Math.min(V, capacity - first);
  }

  /** Puts the new keys and values where they belong. */
  private void store(int b, int kvHead) {
    Layout l = layout;
    int at = cacheOf(b, kvHead);
    int first = starts.get(b);
    for (int t = 0; t < l.time; t++) {
      int key = qkv.at + l.key(b, kvHead) + t * l.width;
      int value = qkv.at + l.value(b, kvHead) + t * l.width;
      int block = (first + t) / V * V;
      int width = width(block);
      int to = keys.at + at + block * l.headSize + first + t - block;
      for (int d = 0; d < l.headSize; d++) {
        keys.array[to + d * width] = qkv.array[key + d];
      }
      int row = values.at + at + (first + t) * l.headSize;
      System.arraycopy(qkv.array, value, values.array, row, l.headSize);
    }
  }

  // ---- one new token ------------------------------------------------------------------------

  /** The heads of a sequence that share the key/value heads {@code first} to {@code last}. */
  private void step(int b, int first, int last, Memory m) {
    Layout l = layout;
    int seen = starts.get(b) + 1;
    int ld = SmallGemm.padded(seen);
    int head = first * l.group;
    int heads = (last - first) * l.group;
    Scratch s = m.scratch;
    s.weights = Scratch.grown(s.weights, heads * ld);
    s.out = Scratch.grown(s.out, heads);
    s.maxima = Scratch.grown(s.maxima, heads);
    s.lanes = Scratch.grown(s.lanes, heads * V);
    scores(b, head, heads, seen, ld, m);
    AttentionKernels.maxRows(s.weights, heads, seen, 0, ld, scale, s.maxima, 0);
    AttentionKernels.expRows(s.weights, heads, seen, 0, ld, scale, s.maxima, 0, s.lanes);
    for (int h = 0; h < heads; h++) {
      s.out[h] = 1 / VectorMath.sum(FloatVector.fromArray(F, s.lanes, h * V));
    }
    Chains chains = m.chains;
    chains.clear(heads * (l.headSize / V));
    for (int h = 0; h < heads; h++) {
      int from = values.at + cacheOf(b, (head + h) / l.group);
      int to = out.at + l.output(b, head + h);
      for (int d = 0; d < l.headSize; d += V) {
        chains.add(h * ld, from + d, to + d);
      }
    }
    chains.run(s.weights, values.array, l.headSize, seen, out.array);
    for (int h = 0; h < heads; h++) {
      int at = out.at + l.output(b, head + h);
      Elementwise.scale(out.array, at, s.out[h], out.array, at, l.headSize, false);
    }
  }

  /** Queries times keys, [heads, ld]. */
  private void scores(int b, int head, int heads, int seen, int ld, Memory m) {
    Layout l = layout;
    int wide = Math.min(ld, capacity / V * V);
    Chains chains = m.chains;
    chains.clear(heads * (ld / V));
    for (int h = 0; h < heads; h++) {
      int query = qkv.at + l.query(b, head + h);
      int from = keys.at + cacheOf(b, (head + h) / l.group);
      for (int j = 0; j < wide; j += V) {
        chains.add(query, from + j * l.headSize, h * ld + j);
      }
    }
    float[] weights = m.scratch.weights;
    chains.run(qkv.array, keys.array, V, l.headSize, weights);
    if (wide < ld) {
      chains.clear(heads);
      int block = l.headSize * V;
      m.lastBlocks = Scratch.grown(m.lastBlocks, heads * block);
      for (int h = 0; h < heads; h++) {
        int from = cacheOf(b, (head + h) / l.group);
        keysOf(from, wide, seen - wide, m.lastBlocks, h * block, V);
        chains.add(qkv.at + l.query(b, head + h), h * block, h * ld + wide);
      }
      chains.run(qkv.array, m.lastBlocks, V, l.headSize, weights);
    }
  }

  /** The keys of {@code count} positions of one block, from its first on, as [D,count]. */
  private void keysOf(int cache, int block, int count, float[] to, int at, int ld) {
    int headSize = layout.headSize;
    int width = width(block);
    int from = keys.at + cache + block * headSize;
    for (int d = 0; d < headSize; d++) {
      System.arraycopy(keys.array, from + d * width, to, at + d * ld, count);
    }
  }

  /**
   * Sums of vectors with weights, each one chain of multiply-adds: {@code out = sum_k x[k] m[k]},
   * with {@code m[k]} a vector.
   */
  private static final class Chains {
    private int[] x = {};
    private int[] m = {};
    private int[] to = {};
    private int count;

    void clear(int room) {
      if (x.length < room) {
        x = new int[room];
        m = new int[room];
        to = new int[room];
      }
      count = 0;
    }

    /** A chain with weights from {@code xAt} on and vectors from {@code mAt} on. */
    void add(int xAt, int mAt, int toAt) {
      x[count] = xAt;
      m[count] = mAt;
      to[count] = toAt;
      count++;
    }

    /** Runs all. Vectors lie {@code stride} apart. */
    void run(float[] weights, float[] vectors, int stride, int length, float[] out) {
      int i = 0;
      for (; i + 4 <= count; i += 4) {
        four(
            weights, x[i], x[i + 1], x[i + 2], x[i + 3], vectors, m[i], m[i + 1], m[i + 2],
            m[i + 3], stride, length, out, to[i], to[i + 1], to[i + 2], to[i + 3]);
      }
      for (; i < count; i++) {
        one(weights, x[i], vectors, m[i], stride, length, out, to[i]);
      }
    }

    private static void four(
        float[] x,
        int x0,
        int x1,
        int x2,
        int x3,
        float[] m,
        int m0,
        int m1,
        int m2,
        int m3,
        int stride,
        int length,
        float[] out,
        int to0,
        int to1,
        int to2,
        int to3) {
      FloatVector sum0 = FloatVector.zero(F);
      FloatVector sum1 = FloatVector.zero(F);
      FloatVector sum2 = FloatVector.zero(F);
      FloatVector sum3 = FloatVector.zero(F);
      for (int k = 0; k < length; k++) {
        int at = k * stride;
        sum0 = FloatVector.broadcast(F, x[x0 + k]).fma(FloatVector.fromArray(F, m, m0 + at), sum0);
        sum1 = FloatVector.broadcast(F, x[x1 + k]).fma(FloatVector.fromArray(F, m, m1 + at), sum1);
        sum2 = FloatVector.broadcast(F, x[x2 + k]).fma(FloatVector.fromArray(F, m, m2 + at), sum2);
        sum3 = FloatVector.broadcast(F, x[x3 + k]).fma(FloatVector.fromArray(F, m, m3 + at), sum3);
      }
      sum0.intoArray(out, to0);
      sum1.intoArray(out, to1);
      sum2.intoArray(out, to2);
      sum3.intoArray(out, to3);
    }

    private static void one(
        float[] x, int xAt, float[] m, int mAt, int stride, int length, float[] out, int to) {
      FloatVector sum = FloatVector.zero(F);
      for (int k = 0; k < length; k++) {
        sum =
            FloatVector.broadcast(F, x[xAt + k])
                .fma(FloatVector.fromArray(F, m, mAt + k * stride), sum);
      }
      sum.intoArray(out, to);
    }
  }

  // ---- several new tokens -------------------------------------------------------------------

  /** One key/value head of a sequence, with keys and values gathered as training has them. */
  private void several(int b, int kvHead, Scratch s) {
    Layout l = layout;
    int start = starts.get(b);
    int seen = start + l.time;
    int ld = SmallGemm.padded(seen);
    int cache = cacheOf(b, kvHead);
    s.keysT = Scratch.grown(s.keysT, l.headSize * ld);
    for (int j = 0; j < seen; j += V) {
      keysOf(cache, j, Math.min(V, seen - j), s.keysT, j, ld);
    }
    Rows v = s.values;
    v.take(values.array, values.at + cache, l.headSize, seen, l.headSize);
    s.weights = Scratch.grown(s.weights, GemmTiles.ROWS * ld);
    s.maxima = Scratch.grown(s.maxima, GemmTiles.ROWS);
    s.sums = Scratch.grown(s.sums, GemmTiles.ROWS);
    for (int h = kvHead * l.group; h < (kvHead + 1) * l.group; h++) {
      for (int t = 0; t < l.time; t += GemmTiles.ROWS) {
        AttentionKernels.block(
            Math.min(GemmTiles.ROWS, l.time - t),
            start + t,
            l.headSize,
            qkv.array,
            qkv.at + l.query(b, h) + t * l.width,
            l.width,
            s.keysT,
            0,
            ld,
            ld,
            v.array,
            v.at,
            v.ld,
            scale,
            s,
            0,
            out.array,
            out.at + l.output(b, h) + t * l.outputWidth(),
            l.outputWidth());
      }
    }
  }
}
