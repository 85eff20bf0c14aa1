package dev.anechoic.model.corpus;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * One document of a corpus: a question and its solution in one format.
 *
 * @param prompt the question
 * @param completion the solution
 * @param format name of the format; empty if unknown
 * @param answer the right answer; null if unknown
 * @param id of the problem within its source
 * @param family kind of problem; empty if unknown
 * @param steps number of steps; 0 if unknown
 * @param corruption what was made wrong on purpose
 */
public record Document(
    String prompt,
    String completion,
    String format,
    @Nullable BigDecimal answer,
    String id,
    String family,
    int steps,
    Corruption corruption) {

  /** What stands between question and solution: a blank line. */
  public static final String SEPARATOR = "\n\n";

  /** What was made wrong on purpose. */
  public enum Corruption {
    NONE,
    /** One operand, operator or copied number was changed. */
    LABEL_NOISE,
    /** Every trap was misread. */
    MISCONCEPTION
  }

  /** The text on which a model is trained, without the end token. */
  public String text() {
    return prompt + SEPARATOR + completion;
  }
}
