package dev.anechoic.tensor.spec;

import java.util.ArrayList;
import java.util.List;

/**
 * The op table: one {@link OpSpec} for every method of {@link dev.anechoic.tensor.Kernels}, in the
 * same order. A test holds the two lists against each other.
 */
public final class OpTable {
  /**
   * Row counts: one, odd, prime, none, larger than a vector, larger than a block of rows, and
   * enough to be split over threads.
   */
  static final int[] ROWS = {1, 3, 7, 2, 17, 0, 65, 130};

  /** Column counts: one, odd, prime, a vector of 16, one more, a block of 64 or 512, one more. */
  static final int[] COLUMNS = {1, 2, 5, 16, 17, 31, 64, 65, 127, 513};

  /** Sizes of operands without rows; the last is split over threads. */
  static final int[] SIZES = {
    0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1031, 4099,
    40_009
  };

  private static final List<OpSpec> ALL = build();

  private OpTable() {}

  private static List<OpSpec> build() {
    List<OpSpec> all = new ArrayList<>();
    all.addAll(MoveSpecs.all());
    all.addAll(ArithmeticSpecs.all());
    all.addAll(MatmulSpecs.all());
    all.addAll(NormSpecs.all());
    all.addAll(ActivationSpecs.all());
    all.addAll(AttentionSpecs.all());
    all.addAll(LogitSpecs.all());
    all.addAll(LossSpecs.all());
    all.addAll(DrawAndStepSpecs.all());
    return List.copyOf(all);
  }

  /** All ops. */
  public static List<OpSpec> all() {
    return ALL;
  }

  /**
   * The op of this name.
   *
   * @throws IllegalArgumentException naming all ops, where there is none
   */
  public static OpSpec named(String name) {
    for (OpSpec spec : ALL) {
      if (spec.name().equals(name)) {
        return spec;
      }
    }
    throw new IllegalArgumentException(
        "op " + name + " is unknown; known are " + ALL.stream().map(OpSpec::name).toList());
  }

  /** Rows and columns. */
  static Grid matrix() {
    return Grid.of("R", ROWS).and("C", COLUMNS);
  }
}
