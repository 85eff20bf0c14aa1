package dev.anechoic.model.problem;

import java.util.List;

/**
 * Random choices addressed by (seed, stream, index): the n-th choice for one address is always the
 * same, whatever was drawn elsewhere.
 */
public final class Draws {

  private final long key;
  private long position;

  /**
   * @param seed of the run
   * @param stream what the choices are for, so that two uses of one index do not share them
   * @param index which item of the stream
   */
  public Draws(long seed, long stream, long index) {
    this.key = mix(mix(mix(seed) ^ stream) + index);
  }

  /** A whole number from 0 to {@code bound - 1}. */
  public int below(int bound) {
    return (int) (Math.multiplyHigh(next() >>> 1, (long) bound << 1));
  }

  /** A whole number from {@code least} to {@code most}, both included. */
  public int between(int least, int most) {
    return least + below(most - least + 1);
  }

  /** A fraction in [0, 1). */
  public double uniform() {
    return (next() >>> 11) * 0x1p-53;
  }

  /** True with this probability. */
  public boolean chance(double probability) {
    return uniform() < probability;
  }

  /** One element of the list. */
  public <T> T pick(List<T> items) {
    return items.get(below(items.size()));
  }

  /** An index of the weights with a probability in proportion to its weight. */
  public int weighted(List<Double> weights) {
    double total = weights.stream().mapToDouble(Double::doubleValue).sum();
    double left = uniform() * total;
    for (int i = 0; i < weights.size(); i++) {
      left -= weights.get(i);
      if (left < 0) {
        return i;
      }
    }
    return weights.size() - 1;
  }

  private long next() {
    return mix(key + ++position * 0x9E3779B97F4A7C15L);
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
