package dev.anechoic.kernels.cuda;

import static dev.anechoic.kernels.cuda.CudaKernels.blocks;

import dev.anechoic.tensor.Tensor;

/**
 * Attention by wgmma, for compute capability 9.0: {@code attention_sm90.cu}, {@code
 * attention_backward_sm90.cu}.
 */
interface CudaAttentionSm90 extends CudaMatmul {

  /** Whether attention of this head size goes by wgmma here. */
  default boolean attentionByWgmma(int headSize, double scale) {
    return bf16()
        && AttentionTile.byWgmma(gpu().driver(), gpu().forcedAttention(), headSize, scale);
  }

  /**
   * The tile that attention with bf16 operands takes here.
   *
   * @param sequences (batch, head) pairs; of key heads for the owner of keys in the backward pass
   */
  default AttentionTile attentionTileOf(int time, long sequences, int headSize, double scale) {
    return attentionByWgmma(headSize, scale)
        ? AttentionTile.of(time, sequences, gpu().driver(), gpu().forcedAttention())
        : AttentionTile.MMA;
  }

  /** Bytes of the rounded images of all heads of a tensor of rows. */
  static long imageBytes(Tensor t) {
    return 2 * t.size();
  }

  /** Rounds {@code [B,T,heads*D]} to one image of rows per (batch, head) at a device address. */
  private void packHeads(Tensor src, AttentionSize size, int heads, long dst) {
    gpu()
        .elements(size.sm90.pack(), src.size() / 8)
        .arg(src)
        .arg(dst)
        .arg(src.dim(0))
        .arg(src.dim(1))
        .arg(heads)
        .launch();
  }

  /** {@link dev.anechoic.tensor.Kernels#attention} by wgmma. */
  default void attentionSm90(
      Tensor qkv, int heads, int kvHeads, double scale, Tensor out, Tensor lse) {
    int batch = qkv.dim(0);
    int time = qkv.dim(1);
    int allHeads = heads + 2 * kvHeads;
    int headSize = qkv.dim(2) / allHeads;
    AttentionSize size = AttentionSize.of(headSize, qkv);
    Driver driver = gpu().driver();
    long sequences = (long) batch * heads;
    AttentionTile tile = AttentionTile.of(time, sequences, driver, gpu().forcedAttention());
    long images = gpu().scratch(imageBytes(qkv));
    packHeads(qkv, size, allHeads, images);
    long tiles = blocks(time, tile.rows()) * sequences;
    gpu()
        .kernel(
            tile.forward(size),
            tile.persistentBlocks(tiles, driver.multiprocessors()),
            1,
            1,
            tile.threads(),
            tile.sharedBytes(headSize))
        .arg(images)
        .out(out)
        .out(lse)
        .arg(batch)
        .arg(time)
        .arg(heads)
        .arg(kvHeads)
        .arg((float) scale)
        .launch();
  }

  /** {@link dev.anechoic.tensor.Kernels#attentionBackward} by wgmma. */
  default void attentionBackwardSm90(
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
    int allHeads = heads + 2 * kvHeads;
    int headSize = qkv.dim(2) / allHeads;
    AttentionSize size = AttentionSize.of(headSize, qkv);
    Driver driver = gpu().driver();
    long paddedRows =
        (long) batch
            * heads
            * blocks(time, AttentionTile.BACKWARD_QUERIES)
            * AttentionTile.BACKWARD_QUERIES;
    long stats = gpu().scratch(8 * paddedRows + imageBytes(qkv) + imageBytes(dOut));
    long images = stats + 8 * paddedRows;
    long outImages = images + imageBytes(qkv);
    gpu()
        .kernel("attentionStatsSm90", blocks(paddedRows, 4), 1, 1, 128, 0)
        .arg(out)
        .arg(dOut)
        .arg(lse)
        .arg(stats)
        .arg(batch)
        .arg(time)
        .arg(heads)
        .arg(headSize)
        .launch();
    packHeads(qkv, size, allHeads, images);
    packHeads(dOut, size, heads, outImages);
    for (boolean keys : CudaAttention.QUERIES_THEN_KEYS) {
      long sequences = (long) batch * (keys ? kvHeads : heads);
      AttentionTile tile = AttentionTile.of(time, sequences, driver, gpu().forcedAttention());
      long tiles = blocks(time, tile.rows()) * sequences;
      gpu()
          .kernel(
              tile.backward(size, keys),
              tile.persistentBlocks(tiles, driver.multiprocessors()),
              1,
              1,
              tile.threads(),
              tile.backwardSharedBytes(headSize, keys))
          .arg(images)
          .arg(outImages)
          .arg(stats)
          .out(dQkv)
          .arg(batch)
          .arg(time)
          .arg(heads)
          .arg(kvHeads)
          .arg((float) scale)
          .arg(accumulate)
          .launch();
    }
  }

  /** {@link dev.anechoic.tensor.Kernels#attentionCached} by wgmma. */
  default void attentionCachedSm90(
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
    int slotCount = keys.dim(0);
    int room = keys.dim(2);
    AttentionSize size = AttentionSize.of(headSize, qkv);
    gpu()
        .elements(size.sm90.store(), (long) batch * newTokens * kvHeads * headSize / 8)
        .arg(qkv)
        .arg(slots)
        .arg(starts)
        .out(keys)
        .out(values)
        .arg(batch)
        .arg(newTokens)
        .arg(heads)
        .arg(kvHeads)
        .arg(slotCount)
        .arg(room)
        .arg(gpu().indexReport())
        .launch();
    int tiles = blocks((long) newTokens * (heads / kvHeads), AttentionTile.CACHED_ROWS);
    int chunks = blocks(room, CudaAttention.CHUNK_KEYS);
    // Splitting pays where the rows alone leave multiprocessors idle. The bits are the same.
    boolean split =
        chunks > 1 && (long) tiles * kvHeads * batch < 2L * gpu().driver().multiprocessors();
    long partial =
        split ? gpu().scratch(4L * batch * heads * newTokens * chunks * (headSize + 2)) : 0;
    Kernel kernel =
        gpu()
            .kernel(
                split ? size.sm90.split() : size.sm90.cached(),
                split ? tiles * chunks : tiles,
                kvHeads,
                batch,
                AttentionTile.CACHED_THREADS,
                AttentionTile.cachedSharedBytes(headSize))
            .arg(qkv)
            .arg(slots)
            .arg(starts)
            .arg(keys)
            .arg(values);
    (split ? kernel.arg(partial) : kernel.out(out))
        .arg(newTokens)
        .arg(heads)
        .arg(kvHeads)
        .arg(slotCount)
        .arg(room)
        .arg(chunks)
        .arg((float) scale)
        .launch();
    if (split) {
      mergeAttention(size.bf16.merge(), partial, starts, out, batch, newTokens, heads, chunks);
    }
  }

  /** Merges the chunks of each row in order. */
  default void mergeAttention(
      String kernel,
      long partial,
      Tensor starts,
      Tensor out,
      int batch,
      int newTokens,
      int heads,
      int chunks) {
    gpu()
        .kernel(kernel, blocks((long) batch * heads * newTokens, 4), 1, 1, 128, 0)
        .arg(partial)
        .arg(starts)
        .out(out)
        .arg(batch)
        .arg(newTokens)
        .arg(heads)
        .arg(out.dim(2) / heads)
        .arg(chunks)
        .launch();
  }
}
