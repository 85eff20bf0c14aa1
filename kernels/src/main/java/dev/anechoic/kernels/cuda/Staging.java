package dev.anechoic.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Pinned host memory through which copies pass, so that the caller's array is free as soon as the
 * call returns. Pieces are handed out in a row, block by block. While earlier copies may still be
 * under way, up to {@value #MOST_BLOCKS} blocks are taken, so that uploads of 64 MB wait for
 * nothing; beyond that the oldest block is waited for, and the others go on.
 */
final class Staging {
  /** Twice what a copy needs to reach the full rate of the bus, about. */
  private static final long BLOCK_BYTES = 4L << 20;

  static final int MOST_BLOCKS = 16;

  private final Driver driver;
  private final List<Block> blocks = new ArrayList<>();
  private int current;

  /** Part of the memory, and a point in the stream behind all copies that use it. */
  private static final class Block {
    final MemorySegment memory;
    final long lastUse;
    long used;

    Block(Driver driver) {
      memory = driver.pinned(BLOCK_BYTES);
      lastUse = driver.event();
    }
  }

  Staging(Driver driver) {
    this.driver = driver;
    blocks.add(new Block(driver));
  }

  /** Most bytes of one piece. */
  long pieceBytes() {
    return BLOCK_BYTES;
  }

  /** A piece that no earlier copy uses any more. */
  MemorySegment take(long bytes) {
    long size = (bytes + 63) / 64 * 64;
    if (blocks.get(current).used + size > BLOCK_BYTES) {
      moveOn();
    }
    Block block = blocks.get(current);
    MemorySegment piece = block.memory.asSlice(block.used, bytes);
    block.used += size;
    return piece;
  }

  /** To the next block of the ring, which is free, new, or waited for. */
  private void moveOn() {
    driver.record(blocks.get(current).lastUse);
    current = (current + 1) % blocks.size();
    if (blocks.get(current).used > 0 && blocks.size() < MOST_BLOCKS) {
      blocks.add(current, new Block(driver));
    }
    Block block = blocks.get(current);
    if (block.used > 0) {
      driver.waitFor(block.lastUse);
      block.used = 0;
    }
  }

  /** Tells that the stream was waited for: all pieces are free. */
  void reset() {
    for (Block block : blocks) {
      block.used = 0;
    }
  }
}
