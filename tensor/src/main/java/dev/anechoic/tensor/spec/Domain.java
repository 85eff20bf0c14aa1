package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Philox;

/** Where the values of an operand come from: a function of the seed, the operand and the index. */
@FunctionalInterface
public interface Domain {
  /** Element i of operand number {@code operand}. */
  double at(long seed, int operand, int i);

  /** Zero everywhere. */
  static Domain zero() {
    return (seed, operand, i) -> 0;
  }

  /** Normal of mean 0. */
  static Domain normal(double deviation) {
    return (seed, operand, i) -> deviation * Philox.normal(seed, operand, 0, 0, i);
  }

  /** Uniform in [low, high). */
  static Domain uniform(double low, double high) {
    return (seed, operand, i) -> low + (high - low) * Philox.uniform(seed, operand, 1, 0, i);
  }

  /** A whole number in [0, bound). */
  static Domain index(int bound) {
    return (seed, operand, i) -> Philox.below(bound, seed, operand, 2, 0, i);
  }

  /** 0, 1, 2, ... in a rotated order, so that {@code count} values in a row differ. */
  static Domain distinct(int count) {
    return (seed, operand, i) -> (i + Philox.below(count, seed, operand, 3, 0, 0)) % count;
  }

  /** This domain with about a quarter of the elements replaced by {@code value}. */
  default Domain orQuarter(double value) {
    return (seed, operand, i) ->
        Philox.below(4, seed, operand, 4, 0, i) == 0 ? value : at(seed, operand, i);
  }

  /** This domain with a sixteenth of the elements, never element 0 of a row, replaced. */
  default Domain orSixteenth(double value, int columns) {
    return (seed, operand, i) ->
        i % columns != 0 && Philox.below(16, seed, operand, 5, 0, i) == 0
            ? value
            : at(seed, operand, i);
  }
}
