package dev.anechoic.model.corpus;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;
import java.util.List;

/** Dials of the problem generator. */
public record GeneratorConfig(
    @Doc("seed of all choices") @Default("1") long seed,
    @Doc("relative frequency of problems with 1, 2, ... steps; at most five")
        @Default("[0.15, 0.3, 0.3, 0.15, 0.1]")
        List<Double> stepWeights,
    @Doc("least number that a question states") @Default("2") @Range(min = 2) int smallest,
    @Doc("greatest number that a question states, except factors") @Default("40") int largest,
    @Doc("greatest number of boxes, days, friends or times") @Default("9") @Range(min = 3)
        int largestFactor,
    @Doc("greatest value of any step") @Default("400") int largestValue,
    @Doc("fraction of the numbers up to twelve that are written as words")
        @Default("0.3")
        @Range(min = 0, max = 1)
        double wordShare,
    @Doc("fraction of the questions with a sentence that does not matter")
        @Default("0.15")
        @Range(min = 0, max = 1)
        double distractorShare,
    @Doc("fraction of the problems of two steps and more with a sentence that is easily misread")
        @Default("0.25")
        @Range(min = 0, max = 1)
        double trapShare,
    @Doc("fraction of the canonical forms that are kept for evaluation")
        @Default("0.05")
        @Range(min = 0, max = 0.5)
        double heldOutShare) {

  /** Most steps of a problem. */
  public static final int MOST_STEPS = 5;

  public GeneratorConfig {
    stepWeights = List.copyOf(stepWeights);
    check(
        !stepWeights.isEmpty() && stepWeights.size() <= MOST_STEPS,
        "stepWeights needs 1 to " + MOST_STEPS + " entries, got " + stepWeights.size());
    check(
        stepWeights.stream().allMatch(w -> w >= 0 && Double.isFinite(w))
            && stepWeights.stream().anyMatch(w -> w > 0),
        "stepWeights must not be negative, and one must be positive, got " + stepWeights);
    check(
        smallest >= 2 && largest >= smallest + 4,
        "largest must be at least smallest + 4 and smallest at least 2, got "
            + smallest
            + " to "
            + largest);
    check(largestFactor >= 3, "largestFactor must be at least 3, got " + largestFactor);
    check(
        largestValue >= 2 * largest && largestValue >= smallest * largestFactor,
        "largestValue must be at least 2 * largest and smallest * largestFactor, got "
            + largestValue);
    fraction("wordShare", wordShare, 1);
    fraction("distractorShare", distractorShare, 1);
    fraction("trapShare", trapShare, 1);
    fraction("heldOutShare", heldOutShare, 0.5);
  }

  /** Problems of 1 to 5 steps with numbers up to 40 and values up to 400: the defaults. */
  public static GeneratorConfig standard(long seed) {
    return Config.defaults(GeneratorConfig.class).withSeed(seed);
  }

  /** Problems of 1 to 4 steps with numbers up to 20 and values up to 99, for small models. */
  public static GeneratorConfig compact(long seed) {
    return new GeneratorConfig(
        seed, List.of(0.25, 0.35, 0.25, 0.15), 2, 20, 5, 99, 0.3, 0.1, 0.25, 0.05);
  }

  public GeneratorConfig withSeed(long other) {
    return new GeneratorConfig(
        other,
        stepWeights,
        smallest,
        largest,
        largestFactor,
        largestValue,
        wordShare,
        distractorShare,
        trapShare,
        heldOutShare);
  }

  private static void fraction(String name, double value, double most) {
    check(value >= 0 && value <= most, name + " must be between 0 and " + most + ", got " + value);
  }

  private static void check(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException("generator: " + message);
    }
  }
}
