package dev.anechoic.kernels.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the machine gives at most, as the yardstick of every benchmark: a loop of multiply-adds in
 * registers, and McCalpin's STREAM triad {@code a = b + s c} over arrays that no cache holds.
 */
public final class Ceilings implements AutoCloseable {
  private static final VectorSpecies<Float> F = Lanes.F;

  /** Steps of one call: about 40 microseconds at 5 GHz. */
  private static final int STEPS = 20_000;

  /**
   * Chains of dependent multiply-adds: a core with two units, each with a latency of 5 cycles,
   * needs 10, and every machine has registers for 12.
   */
  private static final int CHAINS = 12;

  /** 64 MB for each of the three arrays. */
  private static final int TRIAD_LENGTH = 16 << 20;

  private static final int TRIAD_BLOCK = 1 << 16;

  private final WorkerPool pool;
  private final float[] sums;
  private float[] a = {};
  private float[] b = {};
  private float[] c = {};

  /**
   * @param threads the caller included
   */
  public Ceilings(int threads) {
    pool = new WorkerPool(threads);
    sums = new float[threads];
  }

  /** FLOPs of one {@link #multiplyAdds}, of all threads together. */
  public double flops() {
    return (double) pool.threads() * flops(STEPS);
  }

  /** Runs the loop once on each thread. */
  public void multiplyAdds() {
    pool.parallelFor(pool.threads(), (index, worker) -> sums[index] = loop(STEPS));
  }

  /** FLOPs of a {@link #loop} of so many steps. */
  static long flops(int steps) {
    return 2L * CHAINS * F.length() * steps;
  }

  /** Multiply-adds in registers; the sum keeps them from being optimized away. */
  static float loop(int steps) {
    FloatVector x = FloatVector.broadcast(F, 1.000001f);
    FloatVector y = FloatVector.broadcast(F, 1e-9f);
    FloatVector c0 = x;
    FloatVector c1 = x;
    FloatVector c2 = x;
    FloatVector c3 = x;
    FloatVector c4 = x;
    FloatVector c5 = x;
    FloatVector c6 = x;
    FloatVector c7 = x;
    FloatVector c8 = x;
    FloatVector c9 = x;
    FloatVector c10 = x;
    FloatVector c11 = x;
    for (int k = 0; k < steps; k++) {
      c0 = c0.fma(x, y);
      c1 = c1.fma(x, y);
      c2 = c2.fma(x, y);
      c3 = c3.fma(x, y);
      c4 = c4.fma(x, y);
      c5 = c5.fma(x, y);
      c6 = c6.fma(x, y);
      c7 = c7.fma(x, y);
      c8 = c8.fma(x, y);
      c9 = c9.fma(x, y);
      c10 = c10.fma(x, y);
      c11 = c11.fma(x, y);
    }
    FloatVector low = c0.add(c1).add(c2.add(c3)).add(c4.add(c5));
    FloatVector high = c6.add(c7).add(c8.add(c9)).add(c10.add(c11));
    return VectorMath.sum(low.add(high));
  }

  /** Bytes of one {@link #triad}: two reads and one write, as STREAM counts. */
  public double triadBytes() {
    return 3.0 * Float.BYTES * TRIAD_LENGTH;
  }

  /** Runs the triad once, split over the threads. */
  public void triad() {
    if (a.length == 0) {
      a = new float[TRIAD_LENGTH];
      b = new float[TRIAD_LENGTH];
      c = new float[TRIAD_LENGTH];
    }
    pool.parallelFor(TRIAD_LENGTH / TRIAD_BLOCK, (index, worker) -> triad(index * TRIAD_BLOCK));
  }

  private void triad(int from) {
    FloatVector s = FloatVector.broadcast(F, 3f);
    for (int i = from; i < from + TRIAD_BLOCK; i += F.length()) {
      FloatVector.fromArray(F, c, i).fma(s, FloatVector.fromArray(F, b, i)).intoArray(a, i);
    }
  }

  @Override
  public void close() {
    pool.close();
  }
}
