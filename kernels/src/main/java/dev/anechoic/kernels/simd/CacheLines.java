package dev.anechoic.kernels.simd;

/**
 * Brings memory into the cache before a loop that reads or writes it out of order.
 *
 * <p>Processors fetch ahead of loops that run through memory line by line; a loop that takes a few
 * lines of every row waits for each of them. There is no instruction to prefetch in Java, but a
 * load whose value nobody needs comes close.
 */
final class CacheLines {
  /** Floats of a line: 64 bytes. */
  private static final int LINE = 16;

  private CacheLines() {}

  /**
   * Reads one element of each line.
   *
   * @return their sum: whoever drops it lets the compiler drop the loads
   */
  static float touch(float[] x, int at, int n) {
    float sum = 0;
    for (int i = at; i < at + n; i += LINE) {
      sum += x[i];
    }
    return sum;
  }
}
