package dev.anechoic.model.corpus;

import java.util.List;

/**
 * Dials of the problem generator.
 *
 * @param seed of all choices
 * @param stepWeights relative frequency of problems with 1, 2, ... steps; at most five
 * @param smallest least number that a question states, 2 or more
 * @param largest greatest number that a question states, except factors
 * @param largestFactor greatest number of boxes, days, friends, times
 * @param largestValue greatest value of any step
 * @param wordShare fraction of the numbers up to twelve that are written as words
 * @param distractorShare fraction of the questions with a sentence that does not matter
 * @param trapShare fraction of the problems with a sentence that is easily misread, among those
 *     with enough steps for one
 * @param heldOutShare fraction of the canonical forms that are kept for evaluation
 */
public record GeneratorConfig(
    long seed,
    List<Double> stepWeights,
    int smallest,
    int largest,
    int largestFactor,
    int largestValue,
    double wordShare,
    double distractorShare,
    double trapShare,
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
        "largest must be at least smallest + 4 and smallest at least 2, got " + smallest + " to "
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

  /** Problems of 1 to 5 steps with numbers up to 40 and values up to 400. */
  public static GeneratorConfig standard(long seed) {
    return new GeneratorConfig(
        seed, List.of(0.15, 0.3, 0.3, 0.15, 0.1), 2, 40, 9, 400, 0.3, 0.15, 0.25, 0.05);
  }

  /** Problems of 1 to 4 steps with numbers up to 20 and values up to 99, for small models. */
  public static GeneratorConfig compact(long seed) {
    return new GeneratorConfig(
        seed, List.of(0.25, 0.35, 0.25, 0.15), 2, 20, 5, 99, 0.3, 0.1, 0.25, 0.05);
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
