package dev.anechoic.model.format;

import java.math.BigDecimal;
import java.util.List;

/**
 * Puts every completion into exactly one class.
 *
 * <p>Each format judges the completion by its own grammar. The best form wins; between equal forms
 * the format whose marker comes first, then the order of the list. So the shares of all classes sum
 * to exactly 1, and no completion falls out.
 */
public final class FormatClassifier {

  private final List<Format> formats;

  /**
   * @param formats those of the study, in the order of the metrics
   */
  public FormatClassifier(List<Format> formats) {
    this.formats = List.copyOf(formats);
  }

  public List<Format> formats() {
    return formats;
  }

  /** The name of a format for metrics: {@code none} for {@link Classification#NO_FORMAT}. */
  public String name(int format) {
    return format == Classification.NO_FORMAT ? "none" : formats.get(format).name();
  }

  /**
   * The index of a format.
   *
   * @throws IllegalArgumentException if it is not in the list
   */
  public int indexOf(String name) {
    for (int i = 0; i < formats.size(); i++) {
      if (formats.get(i).name().equals(name)) {
        return i;
      }
    }
    throw new IllegalArgumentException("format '" + name + "' is not part of this study");
  }

  /** The class of a completion. */
  public Classification classify(String completion) {
    int best = Classification.NO_FORMAT;
    Match bestMatch = Match.NONE;
    for (int i = 0; i < formats.size(); i++) {
      Match match = formats.get(i).match(completion);
      int order = match.form().compareTo(bestMatch.form());
      if (order < 0 || order == 0 && match.from() < bestMatch.from()) {
        best = i;
        bestMatch = match;
      }
    }
    return best == Classification.NO_FORMAT
        ? Classification.NONE
        : new Classification(best, bestMatch.form());
  }

  /** Verifies the answer as the format of the completion asks; without a format there is none. */
  public Verification verify(String completion, Classification classification, BigDecimal gold) {
    if (classification.format() == Classification.NO_FORMAT) {
      return Verification.of(null, gold, "no format");
    }
    return formats.get(classification.format()).verify(completion, gold);
  }
}
