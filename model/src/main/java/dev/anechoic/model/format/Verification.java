package dev.anechoic.model.format;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * A verdict with what it rests on.
 *
 * @param answer the number that was compared with the right answer; null if there is none
 * @param boxed the number in the closing box, where the format has one; null if there is none
 * @param detail why, in a few words; empty for a correct answer
 */
public record Verification(
    Verdict verdict, @Nullable BigDecimal answer, @Nullable BigDecimal boxed, String detail) {

  static Verification of(@Nullable BigDecimal answer, BigDecimal gold, String detail) {
    if (answer == null) {
      return new Verification(Verdict.UNPARSABLE, null, null, detail);
    }
    return Answers.equal(answer, gold)
        ? new Verification(Verdict.CORRECT, answer, null, "")
        : new Verification(Verdict.INCORRECT, answer, null, "another number");
  }

  Verification withBoxed(@Nullable BigDecimal value) {
    return new Verification(verdict, answer, value, detail);
  }

  /** A key under which equal numbers are one vote; empty if there is no answer. */
  public String vote() {
    return answer == null ? "" : Answers.vote(answer);
  }
}
