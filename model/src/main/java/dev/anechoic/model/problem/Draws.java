package dev.anechoic.model.problem;

import dev.anechoic.tensor.Philox;
import java.util.List;

/**
 * Random choices addressed by (seed, stream, index): the n-th choice for one address is always the
 * same, whatever was drawn elsewhere.
 */
public final class Draws {

  private final long seed;
  private final int stream;
  private final long index;
  private int position;

  /**
   * @param seed of the run
   * @param stream what the choices are for, so that two uses of one index do not share them
   * @param index which item of the stream
   */
  public Draws(long seed, int stream, long index) {
    this.seed = seed;
    this.stream = stream;
    this.index = index;
  }

  /** A whole number from 0 to {@code bound - 1}. */
  public int below(int bound) {
    return (int) Math.multiplyHigh(next() >>> 1, (long) bound << 1);
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
    double total = 0;
    for (double weight : weights) {
      total += weight;
    }
    double left = uniform() * total;
    int last = 0;
    for (int i = 0; i < weights.size(); i++) {
      left -= weights.get(i);
      last = weights.get(i) > 0 ? i : last;
      if (left < 0) {
        return i;
      }
    }
    return last;
  }

  private long next() {
    return Philox.bits(seed, stream, (int) (index >>> 32), (int) index, position++);
  }
}
