package dev.anechoic.model.python;

/**
 * What one run may use. A run that would go beyond any of these ends as {@link Outcome.OverBudget}.
 *
 * @param steps evaluated nodes, with costly operations (long integers, long texts) charged as many
 * @param allocatedBytes estimated bytes of all values made during the run, whether still live or
 *     not
 * @param integerBits largest size of an integer in bits
 * @param depth nested evaluations, calls included
 * @param nesting nested brackets and blocks in the source
 * @param sourceChars length of the source
 */
public record Limits(
    long steps, long allocatedBytes, int integerBits, int depth, int nesting, int sourceChars) {

  /** Ample for programs of arithmetic; below 50 ms and 16 MB on any input once warm. */
  public static final Limits DEFAULT = new Limits(100_000, 6 << 20, 8192, 900, 60, 20_000);
}
