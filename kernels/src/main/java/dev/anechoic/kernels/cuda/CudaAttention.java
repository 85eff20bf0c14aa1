package dev.anechoic.kernels.cuda;

import static dev.anechoic.kernels.cuda.CudaKernels.blocks;

import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import org.jspecify.annotations.Nullable;

/** Rotary embedding and attention: {@code rotary.cu}, {@code attention*.cu}. */
interface CudaAttention extends CudaKernels {
  /** Keys per chunk; the chunks of a row are merged in order, wherever they were computed. */
  int CHUNK_KEYS = 256;

  int TILE_KEYS = 64;
  int BACKWARD_TILE = 32;
  int ATTENTION_THREADS = 256;
  int PREFILL_ROWS = 64;
  int DECODE_ROWS = 16;

  /** Kernel names for head sizes up to 32, 64 and 128. */
  enum Sizes {
    UP_TO_32(32),
    UP_TO_64(64),
    UP_TO_128(128);

    final int padded;
    final String forward;
    final String cached;
    final String prefill;
    final String split;
    final String merge;
    final String backwardQueries;
    final String backwardKeys;

    Sizes(int padded) {
      this.padded = padded;
      forward = "attention" + padded;
      cached = "attentionCached" + padded;
      prefill = "attentionPrefill" + padded;
      split = "attentionSplit" + padded;
      merge = "attentionMerge" + padded;
      backwardQueries = "attentionBackwardQueries" + padded;
      backwardKeys = "attentionBackwardKeys" + padded;
    }

    static Sizes of(int headSize, Tensor qkv) {
      if (headSize > 128) {
        throw new TensorException(
            TensorException.Kind.BACKEND,
            "attention of " + qkv + " with heads of " + headSize,
            "the CUDA kernels take head sizes up to 128; use more heads");
      }
      return headSize <= 32 ? UP_TO_32 : headSize <= 64 ? UP_TO_64 : UP_TO_128;
    }

    /** Shared memory of a forward block: queries, keys or values, and weights. */
    int forwardBytes(int rows) {
      return 4 * ((rows + TILE_KEYS) * (padded + 1) + rows * (TILE_KEYS + 1));
    }

    int backwardBytes(int squares) {
      return 4 * BACKWARD_TILE * (4 * (padded + 1) + squares * (BACKWARD_TILE + 1));
    }
  }

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
        .arg(y)
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

  @Override
  default void attention(Tensor qkv, int heads, int kvHeads, double scale, Tensor out, Tensor lse) {
    int batch = qkv.dim(0);
    int time = qkv.dim(1);
    int headSize = qkv.dim(2) / (heads + 2 * kvHeads);
    Sizes sizes = Sizes.of(headSize, qkv);
    gpu()
        .kernel(
            sizes.forward,
            blocks(time, PREFILL_ROWS),
            heads,
            batch,
            ATTENTION_THREADS,
            sizes.forwardBytes(PREFILL_ROWS))
        .arg(qkv)
        .arg(out)
        .arg(lse)
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
    Sizes sizes = Sizes.of(headSize, qkv);
    long rows = (long) batch * time * heads;
    long delta = gpu().scratch(4 * rows);
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
    int tiles = blocks(time, BACKWARD_TILE);
    Kernel queries =
        gpu()
            .kernel(
                sizes.backwardQueries,
                tiles,
                heads,
                batch,
                ATTENTION_THREADS,
                sizes.backwardBytes(1));
    backwardArguments(queries, qkv, lse, dOut, delta, dQkv)
        .arg(time)
        .arg(heads)
        .arg(kvHeads)
        .arg(headSize)
        .arg((float) scale)
        .arg(accumulate)
        .launch();
    Kernel keys =
        gpu()
            .kernel(
                sizes.backwardKeys,
                tiles,
                kvHeads,
                batch,
                ATTENTION_THREADS,
                sizes.backwardBytes(2));
    backwardArguments(keys, qkv, lse, dOut, delta, dQkv)
        .arg(time)
        .arg(heads)
        .arg(kvHeads)
        .arg(headSize)
        .arg((float) scale)
        .arg(accumulate)
        .launch();
  }

  private static Kernel backwardArguments(
      Kernel kernel, Tensor qkv, Tensor lse, Tensor dOut, long delta, Tensor dQkv) {
    return kernel.arg(qkv).arg(lse).arg(dOut).arg(delta).arg(dQkv);
  }

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
    int slotCount = keys.dim(0);
    int room = keys.dim(2);
    Sizes sizes = Sizes.of(headSize, qkv);
    gpu()
        .elements("attentionStore", (long) batch * newTokens * kvHeads * headSize)
        .arg(qkv)
        .arg(slots)
        .arg(starts)
        .arg(keys)
        .arg(values)
        .arg(batch)
        .arg(newTokens)
        .arg(heads)
        .arg(kvHeads)
        .arg(headSize)
        .arg(slotCount)
        .arg(room)
        .arg(gpu().indexReport())
        .launch();
    boolean prefill = newTokens > DECODE_ROWS;
    int rows = prefill ? PREFILL_ROWS : DECODE_ROWS;
    int tiles = blocks(newTokens, rows);
    int chunks = blocks(room, CHUNK_KEYS);
    // Splitting pays where the rows alone leave multiprocessors idle. The bits are the same.
    long wholeBlocks = (long) tiles * heads * batch;
    boolean split = !prefill && chunks > 1 && wholeBlocks < 2L * gpu().driver().multiprocessors();
    long partial =
        split ? gpu().scratch(4L * batch * heads * newTokens * chunks * (sizes.padded + 2)) : 0;
    Kernel kernel =
        gpu()
            .kernel(
                split ? sizes.split : prefill ? sizes.prefill : sizes.cached,
                split ? tiles * chunks : tiles,
                heads,
                batch,
                ATTENTION_THREADS,
                sizes.forwardBytes(rows))
            .arg(qkv)
            .arg(slots)
            .arg(starts)
            .arg(keys)
            .arg(values);
    (split ? kernel.arg(partial) : kernel.arg(out))
        .arg(newTokens)
        .arg(heads)
        .arg(kvHeads)
        .arg(headSize)
        .arg(slotCount)
        .arg(room);
    (split ? kernel.arg(chunks) : kernel).arg((float) scale).launch();
    if (split) {
      merge(sizes, partial, starts, out, batch, newTokens, heads, headSize, chunks);
    }
  }

  private void merge(
      Sizes sizes,
      long partial,
      Tensor starts,
      Tensor out,
      int batch,
      int newTokens,
      int heads,
      int headSize,
      int chunks) {
    gpu()
        .kernel(sizes.merge, blocks((long) batch * heads * newTokens, 4), 1, 1, 128, 0)
        .arg(partial)
        .arg(starts)
        .arg(out)
        .arg(batch)
        .arg(newTokens)
        .arg(heads)
        .arg(headSize)
        .arg(chunks)
        .launch();
  }
}
