package dev.anechoic.model.python;

import java.math.BigDecimal;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/** How a run ended. */
public sealed interface Outcome {

  /**
   * The program gave a value.
   *
   * @param value a {@link Long}, {@link java.math.BigInteger}, {@link Double}, {@link Boolean},
   *     {@link String}, or a value of this package; {@link #repr()} shows it as Python would
   */
  record Value(Object value) implements Outcome {

    /**
     * The value as Python's {@code repr} shows it; its type in angle brackets if it has no text.
     */
    public String repr() {
      try {
        return Text.repr(value, new Budget(Limits.DEFAULT));
      } catch (Stop stop) {
        return "<" + Values.typeName(value) + ">";
      }
    }

    /** Whether it is Python's {@code None}. */
    public boolean isNone() {
      return value == None.NONE;
    }

    /**
     * The value as an exact decimal; null if it is no finite number. A truth value is no number.
     */
    public @Nullable BigDecimal number() {
      return switch (value) {
        case Long i -> BigDecimal.valueOf(i);
        case BigInteger i -> new BigDecimal(i);
        case Double d when Double.isFinite(d) -> new BigDecimal(d);
        default -> null;
      };
    }
  }

  /**
   * The source is not in the supported part of Python.
   *
   * @param reason what was expected or is not supported
   * @param line where, from 1
   * @param atEnd the source was well formed up to its last line, and more text could mend it
   */
  record Unparsable(String reason, int line, boolean atEnd) implements Outcome {}

  /** A limit was reached; {@code limit} names it. */
  record OverBudget(String limit) implements Outcome {}

  /** Python itself would have raised {@code error}, such as {@code ZeroDivisionError}. */
  record Raised(String error, String message) implements Outcome {}

  /** A fault of this interpreter. The caller masks the sample and counts it. */
  record Internal(Throwable cause) implements Outcome {}
}
