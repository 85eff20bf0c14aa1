package dev.anechoic.kernels.cuda;

import static dev.anechoic.kernels.cuda.CudaKernels.blocks;

import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Rotary embedding and attention: {@code rotary.cu}, {@code attention.cu}, {@code
 * attention_bf16.cu}; {@link CudaAttentionSm90} where the device has wgmma.
 */
interface CudaAttention extends CudaAttentionSm90 {
  /** Keys per chunk; the chunks of a row are merged in order, wherever they were computed. */
  int CHUNK_KEYS = 256;

  int F32_THREADS = 256;
  int BF16_THREADS = 128;
  int WARP = 32;

  /** Query rows of a bf16 block over whole sequences: a warp for 16. */
  int FORWARD_ROWS = 128;

  /** The same where shared memory is too small for that. */
  int NARROW_ROWS = 32;

  /** Query rows of an f32 block over whole sequences, and of a block with many new rows. */
  int PREFILL_ROWS = 64;

  /** Words that a block of copySlots moves. */
  int COPIED_PER_BLOCK = 4096;

  /** Query rows of a block with few new rows. */
  int DECODE_ROWS = 16;

  @Override
  default void rotary(
      Tensor x,
      @Nullable Tensor starts,
      Tensor table,
      int heads,
      int headSize,
      boolean inverse,
      Tensor y) {
    int width = x.columns();
    long items = x.rows() * (width - (long) heads * headSize / 2);
    gpu()
        .elements("rotary", items)
        .arg(x)
        .arg(starts)
        .arg(table)
        .out(y)
        .arg(x.dim(0))
        .arg(x.dim(1))
        .arg(width)
        .arg(heads)
        .arg(headSize)
        .arg(inverse)
        .arg(Math.toIntExact(table.rows()))
        .arg(gpu().indexReport())
        .launch();
  }

  /** The bf16 tiles move 16 bytes at a time, so a head must start at such an address. */
  private boolean usesBf16(int headSize) {
    return bf16() && headSize % 8 == 0;
  }

  /** Rounds a tensor of rows to bf16 at a device address. */
  private void roundTensor(Tensor t, long to) {
    round(t, to, t.rows(), t.columns());
  }

  private static long roundedBytes(Tensor t) {
    return 2 * t.rows() * CudaMatmul.roundedWidth(t.columns());
  }

  @Override
  default void attention(Tensor qkv, int heads, int kvHeads, double scale, Tensor out, Tensor lse) {
    int batch = qkv.dim(0);
    int time = qkv.dim(1);
    int headSize = qkv.dim(2) / (heads + 2 * kvHeads);
    if (attentionByWgmma(headSize, scale)) {
      attentionSm90(qkv, heads, kvHeads, scale, out, lse);
      return;
    }
    AttentionSize size = AttentionSize.of(headSize, qkv);
    Kernel kernel;
    if (usesBf16(headSize)) {
      long rounded = gpu().scratch(roundedBytes(qkv));
      roundTensor(qkv, rounded);
      boolean narrow = size.forwardBf16Bytes(FORWARD_ROWS) > gpu().driver().maxSharedBytes();
      int rows = narrow ? NARROW_ROWS : FORWARD_ROWS;
      String name = narrow ? size.bf16.narrow() : size.bf16.forward();
      int tiles = blocks(time, rows);
      int shared = size.forwardBf16Bytes(rows);
      kernel =
          gpu()
              .kernel(name, tiles, heads, batch, 2 * rows, shared)
              .arg(rounded)
              .arg(CudaMatmul.roundedWidth(qkv.columns()));
    } else {
      int tiles = blocks(time, PREFILL_ROWS);
      int shared = size.forwardBytes(PREFILL_ROWS);
      kernel = gpu().kernel(size.f32.forward(), tiles, heads, batch, F32_THREADS, shared).arg(qkv);
    }
    kernel
        .out(out)
        .out(lse)
        .arg(time)
        .arg(heads)
        .arg(kvHeads)
        .arg(headSize)
        .arg((float) scale)
        .launch();
  }

  @Override
  default void attentionBackward(
      Tensor qkv,
      int heads,
      int kvHeads,
      double scale,
      Tensor out,
      Tensor lse,
      Tensor dOut,
      Tensor dQkv,
      boolean accumulate) {
    int batch = qkv.dim(0);
    int time = qkv.dim(1);
    int headSize = qkv.dim(2) / (heads + 2 * kvHeads);
    if (attentionByWgmma(headSize, scale)) {
      attentionBackwardSm90(qkv, heads, kvHeads, scale, out, lse, dOut, dQkv, accumulate);
      return;
    }
    AttentionSize size = AttentionSize.of(headSize, qkv);
    boolean half = usesBf16(headSize);
    long rows = (long) batch * time * heads;
    long deltaBytes = (4 * rows + 15) / 16 * 16;
    long roundedQkvBytes = half ? roundedBytes(qkv) : 0;
    long roundedOutBytes = half ? roundedBytes(dOut) : 0;
    long delta = gpu().scratch(deltaBytes + roundedQkvBytes + roundedOutBytes);
    long roundedQkv = delta + deltaBytes;
    long roundedOut = roundedQkv + roundedQkvBytes;
    gpu()
        .kernel("attentionDelta", blocks(rows, 4), 1, 1, 128, 0)
        .arg(out)
        .arg(dOut)
        .arg(delta)
        .arg(batch)
        .arg(time)
        .arg(heads)
        .arg(headSize)
        .launch();
    if (half) {
      roundTensor(qkv, roundedQkv);
      roundTensor(dOut, roundedOut);
    }
    for (boolean keys : QUERIES_THEN_KEYS) {
      Kernel kernel;
      int ownHeads = keys ? kvHeads : heads;
      if (half) {
        String name = keys ? size.bf16.backwardKeys() : size.bf16.backwardQueries();
        int tiles = blocks(time, AttentionSize.TILE_KEYS);
        kernel =
            gpu()
                .kernel(name, tiles, ownHeads, batch, BF16_THREADS, size.backwardBf16Bytes())
                .arg(roundedQkv)
                .arg(CudaMatmul.roundedWidth(qkv.columns()))
                .arg(roundedOut)
                .arg(CudaMatmul.roundedWidth(dOut.columns()))
                .arg(lse);
      } else {
        String name = keys ? size.f32.backwardKeys() : size.f32.backwardQueries();
        int tiles = blocks(time, AttentionSize.BACKWARD_TILE);
        int shared = size.backwardBytes(keys ? 2 : 1);
        kernel =
            gpu()
                .kernel(name, tiles, ownHeads, batch, F32_THREADS, shared)
                .arg(qkv)
                .arg(lse)
                .arg(dOut);
      }
      kernel
          .arg(delta)
          .out(dQkv)
          .arg(time)
          .arg(heads)
          .arg(kvHeads)
          .arg(headSize)
          .arg((float) scale)
          .arg(accumulate)
          .launch();
    }
  }

  /** Backward is two kernels: one owns tiles of queries, one tiles of keys. */
  boolean[] QUERIES_THEN_KEYS = {false, true};

  @Override
  default void attentionCached(
      Tensor qkv,
      Tensor slots,
      Tensor starts,
      int heads,
      int kvHeads,
      double scale,
      Tensor keys,
      Tensor values,
      Tensor out) {
    int batch = qkv.dim(0);
    int newTokens = qkv.dim(1);
    int headSize = qkv.dim(2) / (heads + 2 * kvHeads);
    if (attentionByWgmma(headSize, scale)) {
      attentionCachedSm90(qkv, slots, starts, heads, kvHeads, scale, keys, values, out);
      return;
    }
    int slotCount = keys.dim(0);
    int room = keys.dim(2);
    AttentionSize size = AttentionSize.of(headSize, qkv);
    boolean half = usesBf16(headSize);
    boolean prefill =
        newTokens > DECODE_ROWS
            && (!half || size.forwardBf16Bytes(PREFILL_ROWS) <= gpu().driver().maxSharedBytes());
    int rows = prefill ? PREFILL_ROWS : DECODE_ROWS;
    int tiles = blocks(newTokens, rows);
    int chunks = blocks(room, CHUNK_KEYS);
    // Splitting pays where the rows alone leave multiprocessors idle. The bits are the same.
    boolean split =
        !prefill
            && chunks > 1
            && (long) tiles * heads * batch < 2L * gpu().driver().multiprocessors();
    long roundedBytes = half ? roundedBytes(qkv) : 0;
    long partialBytes = split ? 4L * batch * heads * newTokens * chunks * (size.padded + 2) : 0;
    long rounded = gpu().scratch(roundedBytes + partialBytes);
    long partial = rounded + roundedBytes;
    if (half) {
      roundTensor(qkv, rounded);
    }
    store(qkv, half, rounded, slots, starts, keys, values, heads, kvHeads, headSize);
    AttentionSize.Names names = half ? size.bf16 : size.f32;
    Kernel kernel =
        gpu()
            .kernel(
                split ? names.split() : prefill ? names.prefill() : names.cached(),
                split ? tiles * chunks : tiles,
                heads,
                batch,
                half ? (prefill ? BF16_THREADS : WARP) : F32_THREADS,
                half ? size.forwardBf16Bytes(rows) : size.forwardBytes(rows));
    rows(kernel, qkv, half, rounded).arg(slots).arg(starts).arg(keys).arg(values);
    (split ? kernel.arg(partial) : kernel.out(out))
        .arg(newTokens)
        .arg(heads)
        .arg(kvHeads)
        .arg(headSize)
        .arg(slotCount)
        .arg(room);
    (split ? kernel.arg(chunks) : kernel).arg((float) scale).launch();
    if (split) {
      mergeAttention(names.merge(), partial, starts, out, batch, newTokens, heads, chunks);
    }
  }

  @Override
  default void copySlots(
      Tensor fromKeys, Tensor fromValues, Tensor sources, Tensor keys, Tensor values) {
    int heads = keys.dim(1);
    int headSize = keys.dim(3);
    int positions = fromKeys.dim(2);
    int room = keys.dim(2);
    // Rows of f32, of bf16 in the first half of their room, or the planes of a head's image in it.
    boolean images = attentionByWgmma(headSize, 1);
    int planes = images ? Math.max(1, headSize / AttentionTile.PLANE_COLUMNS) : 1;
    boolean rounded = images || usesBf16(headSize);
    int rowWords = rounded ? headSize / 2 / planes : headSize;
    int run = positions * rowWords;
    int rows = Math.toIntExact(sources.size());
    int blocks = blocks((long) heads * planes * run, COPIED_PER_BLOCK);
    gpu()
        .kernel("copySlots", blocks, rows, 1, 256, 0)
        .arg(fromKeys)
        .arg(fromValues)
        .arg(sources)
        .out(keys)
        .out(values)
        .arg(rounded)
        .arg(heads)
        .arg(planes)
        .arg(run)
        .arg((long) positions * headSize)
        .arg((long) positions * rowWords)
        .arg((long) room * headSize)
        .arg((long) room * rowWords)
        .launch();
  }

  /** The packed rows: as they are, or rounded with the stride between them. */
  private static Kernel rows(Kernel kernel, Tensor qkv, boolean half, long rounded) {
    return half ? kernel.arg(rounded).arg(CudaMatmul.roundedWidth(qkv.columns())) : kernel.arg(qkv);
  }

  private void store(
      Tensor qkv,
      boolean half,
      long rounded,
      Tensor slots,
      Tensor starts,
      Tensor keys,
      Tensor values,
      int heads,
      int kvHeads,
      int headSize) {
    int batch = qkv.dim(0);
    int newTokens = qkv.dim(1);
    long items = (long) batch * newTokens * kvHeads * headSize;
    Kernel kernel = gpu().elements(half ? "attentionStoreBf16" : "attentionStore", items);
    rows(kernel, qkv, half, rounded)
        .arg(slots)
        .arg(starts)
        .out(keys)
        .out(values)
        .arg(batch)
        .arg(newTokens)
        .arg(heads)
        .arg(kvHeads)
        .arg(headSize)
        .arg(keys.dim(0))
        .arg(keys.dim(2))
        .arg(gpu().indexReport())
        .launch();
  }
}
