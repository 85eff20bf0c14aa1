package dev.anechoic.model.format;

import dev.anechoic.model.problem.Problem;
import java.math.BigDecimal;

/**
 * An output format. Implementations are immutable and safe to use from several threads.
 *
 * <p>A new format is one class that implements this interface; {@link FormatClassifier} needs no
 * change for it.
 */
public interface Format {

  /** Short lower-case name, used in metrics, files and configurations. */
  String name();

  /** The text with which every completion rendered in this format begins; given to force it. */
  String opening();

  /** The solution of a problem in this format, beginning with {@link #opening}. */
  String render(Problem problem);

  /** How a completion stands to the grammar of this format. */
  Match match(String completion);

  /**
   * Compares the answer of a completion with the right one. Reads the completion only, never the
   * question, so that it is the same in training and evaluation.
   */
  Verification verify(String completion, BigDecimal gold);
}
