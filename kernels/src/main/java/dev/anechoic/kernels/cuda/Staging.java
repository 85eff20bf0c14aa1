package dev.anechoic.kernels.cuda;

import java.lang.foreign.MemorySegment;

/**
 * Pinned host memory through which copies pass, so that the caller's array is free as soon as the
 * call returns. Pieces are handed out in a row; when the end is reached, the stream is waited for.
 */
final class Staging {
  private static final long BYTES = 8L << 20;

  private final Driver driver;
  private final MemorySegment memory;
  private long used;

  Staging(Driver driver) {
    this.driver = driver;
    this.memory = driver.pinned(BYTES);
  }

  /** Most bytes of one piece. */
  long pieceBytes() {
    return BYTES / 2;
  }

  /** A piece that no earlier copy uses any more. */
  MemorySegment take(long bytes) {
    long size = (bytes + 63) / 64 * 64;
    if (used + size > BYTES) {
      driver.synchronize();
      used = 0;
    }
    MemorySegment piece = memory.asSlice(used, bytes);
    used += size;
    return piece;
  }

  /** Tells that the stream was waited for: all pieces are free. */
  void reset() {
    used = 0;
  }
}
