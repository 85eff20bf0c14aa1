package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/** The attention kernels for head sizes up to 32, 64 and 128: their names and shared memory. */
enum AttentionSize {
  UP_TO_32(32),
  UP_TO_64(64),
  UP_TO_128(128);

  /** Keys per tile of the forward kernels. */
  static final int TILE_KEYS = 64;

  /** Rows of a tile of the f32 backward kernels. */
  static final int BACKWARD_TILE = 32;

  private static final int BF16_STATISTICS_BYTES = 512;

  /**
   * Kernel names of one precision.
   *
   * @param forward whole sequences
   * @param narrow the same in small blocks, where shared memory is short; bf16 only
   * @param prefill many new rows over a cache
   * @param cached few new rows over a cache
   * @param split the same, one chunk of the keys per block
   * @param merge merges the chunks
   */
  record Names(
      String forward,
      String narrow,
      String prefill,
      String cached,
      String split,
      String merge,
      String backwardQueries,
      String backwardKeys) {
    private static Names of(String suffix) {
      return new Names(
          "attention" + suffix,
          "attentionNarrow" + suffix,
          "attentionPrefill" + suffix,
          "attentionCached" + suffix,
          "attentionSplit" + suffix,
          "attentionMerge" + suffix,
          "attentionBackwardQueries" + suffix,
          "attentionBackwardKeys" + suffix);
    }
  }

  /**
   * Names of the kernels by wgmma, which take exactly this head size.
   *
   * @param pack rounds heads to the images that all of them read
   * @param store puts new keys and values into a cache
   * @param cached new rows over a cache
   * @param split the same, one chunk of the keys per block
   */
  record Sm90Names(String pack, String store, String cached, String split) {
    private static Sm90Names of(int size) {
      return new Sm90Names(
          "packHeads_" + size,
          "attentionStoreSm90_" + size,
          "attentionCachedSm90_" + size,
          "attentionSplitSm90_" + size);
    }
  }

  final int padded;
  final Names f32;
  final Names bf16;
  final Sm90Names sm90;

  AttentionSize(int padded) {
    this.padded = padded;
    this.f32 = Names.of(String.valueOf(padded));
    this.bf16 = Names.of("Bf16_" + padded);
    this.sm90 = Sm90Names.of(padded);
  }

  static AttentionSize of(int headSize, Tensor qkv) {
    if (headSize > UP_TO_128.padded) {
      throw new TensorException(
          TensorException.Kind.BACKEND,
          "attention of " + qkv + " with heads of " + headSize,
          "the CUDA kernels take head sizes up to 128; use more heads");
    }
    return headSize <= 32 ? UP_TO_32 : headSize <= 64 ? UP_TO_64 : UP_TO_128;
  }

  /** Shared memory of an f32 forward block: queries, keys or values, and weights. */
  int forwardBytes(int rows) {
    return 4 * ((rows + TILE_KEYS) * (padded + 1) + rows * (TILE_KEYS + 1));
  }

  /** The same with bf16 operands: two tiles of keys and values, and the f32 rows merged so far. */
  int forwardBf16Bytes(int rows) {
    return padded * (2 * (rows + 4 * TILE_KEYS) + 4 * rows);
  }

  /**
   * @param squares tiles of scores kept beside the four tiles of rows
   */
  int backwardBytes(int squares) {
    return 4 * BACKWARD_TILE * (4 * (padded + 1) + squares * (BACKWARD_TILE + 1));
  }

  /** Two tiles of 64 rows that stay, and two that come and go. */
  int backwardBf16Bytes() {
    return padded * 2 * 4 * TILE_KEYS + BF16_STATISTICS_BYTES;
  }
}
