package dev.anechoic.tensor;

/**
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror, Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3" (SC 2011).
 *
 * <p>Random numbers here are addressed, not drawn: each is a function of (seed, stream, step,
 * sample, position), so that it does not depend on the order of evaluation, the number of threads
 * or the batch. The seed is the key; the counter is (position, sample, step, stream).
 */
public final class Philox {
  private static final int M0 = 0xD2511F53;
  private static final int M1 = 0xCD9E8D57;
  private static final int W0 = 0x9E3779B9; // golden ratio
  private static final int W1 = 0xBB67AE85; // sqrt(3) - 1
  private static final int ROUNDS = 10;

  /** Numbers of {@link #address}. */
  public static final int ADDRESS_SIZE = 4;

  private Philox() {}

  /**
   * The part of an address that a whole rollout shares, as kernels read it from memory: lower and
   * upper half of the seed, stream, step.
   */
  public static int[] address(long seed, int stream, int step) {
    return new int[] {(int) seed, (int) (seed >>> 32), stream, step};
  }

  /** The seed of its lower and upper half. */
  public static long seed(int low, int high) {
    return (low & 0xFFFFFFFFL) | (long) high << 32;
  }

  /** Writes the four words of one block to {@code out[0..3]}. */
  public static void block(long seed, int stream, int step, int sample, int position, int[] out) {
    int k0 = (int) seed;
    int k1 = (int) (seed >>> 32);
    int c0 = position;
    int c1 = sample;
    int c2 = step;
    int c3 = stream;
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = (M0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long p1 = (M1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += W0;
      k1 += W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }

  /** The first two words of a block as one long; no allocation. */
  public static long bits(long seed, int stream, int step, int sample, int position) {
    int k0 = (int) seed;
    int k1 = (int) (seed >>> 32);
    int c0 = position;
    int c1 = sample;
    int c2 = step;
    int c3 = stream;
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = (M0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long p1 = (M1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += W0;
      k1 += W1;
    }
    return (c0 & 0xFFFFFFFFL) | ((long) c1 << 32);
  }

  /** Uniform in [0, 1), 24 bits: word 0 of the block, so exactly representable in f32. */
  public static float uniform(long seed, int stream, int step, int sample, int position) {
    return toUniform((int) bits(seed, stream, step, sample, position));
  }

  /** The upper 24 bits of a word as a float in [0, 1). */
  public static float toUniform(int word) {
    return (word >>> 8) * 0x1p-24f;
  }

  /** A whole number in [0, bound), by multiplication (bias below bound / 2^32). */
  public static int below(int bound, long seed, int stream, int step, int sample, int position) {
    long word = bits(seed, stream, step, sample, position) & 0xFFFFFFFFL;
    return (int) ((word * bound) >>> 32);
  }

  /** Standard normal by Box-Muller from both words of the block, in double. */
  public static double normal(long seed, int stream, int step, int sample, int position) {
    long bits = bits(seed, stream, step, sample, position);
    double u1 = ((bits & 0xFFFFFFFFL) + 1) * 0x1p-32; // in (0, 1]
    double u2 = (bits >>> 32) * 0x1p-32;
    return StrictMath.sqrt(-2 * StrictMath.log(u1)) * StrictMath.cos(2 * StrictMath.PI * u2);
  }
}
