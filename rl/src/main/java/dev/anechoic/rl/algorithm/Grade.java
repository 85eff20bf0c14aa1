package dev.anechoic.rl.algorithm;

import org.jspecify.annotations.Nullable;

/**
 * What a completion turned out to be; the names are those of the run folder.
 *
 * @param format name of the format, {@code mixed} or {@code none}
 * @param status {@code well_formed}, {@code truncated}, {@code mixed} or {@code none}
 * @param verdict {@code correct}, {@code incorrect}, {@code unparsable}, {@code over_budget}, or
 *     {@code error} where the verifier itself failed
 * @param value the answer as text, equal numbers as equal texts, or null where there is none
 * @param reward 0 or 1; NaN where masked
 */
public record Grade(
    String format, String status, String verdict, @Nullable String value, float reward) {
  public boolean correct() {
    return verdict.equals("correct");
  }

  public boolean wellFormed() {
    return status.equals("well_formed");
  }
}
