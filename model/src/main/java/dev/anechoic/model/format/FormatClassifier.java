package dev.anechoic.model.format;

import java.math.BigDecimal;
import java.util.List;

/**
 * Puts every completion into exactly one class.
 *
 * <p>Each format judges the completion by its own grammar. The best form wins, but any marker over
 * none; between equal forms the format whose marker comes first, then the order of the list. A
 * completion in which another format's marker comes before that of the winner is mixed. So the
 * shares of all classes sum to exactly 1, and no completion falls out.
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
    int first = Classification.NO_FORMAT;
    Match bestMatch = Match.NONE;
    int firstMarker = Match.NO_MARKER;
    for (int i = 0; i < formats.size(); i++) {
      Match match = formats.get(i).match(completion);
      if (isBetter(match, bestMatch)) {
        best = i;
        bestMatch = match;
      }
      if (match.from() < firstMarker) {
        first = i;
        firstMarker = match.from();
      }
    }
    if (best == Classification.NO_FORMAT) {
      return Classification.NONE;
    }
    // What another format has begun before is foreign to this one, even where its grammar takes any
    // prose there.
    return firstMarker < bestMatch.from()
        ? new Classification(first, Form.MIXED)
        : new Classification(best, bestMatch.form());
  }

  private static boolean isBetter(Match match, Match best) {
    if (match.form() == Form.NONE || best.form() == Form.NONE) {
      return match.form() != Form.NONE;
    }
    boolean marked = match.from() != Match.NO_MARKER;
    if (marked != (best.from() != Match.NO_MARKER)) {
      return marked;
    }
    int order = match.form().compareTo(best.form());
    return order < 0 || order == 0 && match.from() < best.from();
  }

  /** Verifies the answer as the format of the completion asks; without a format there is none. */
  public Verification verify(String completion, Classification classification, BigDecimal gold) {
    if (classification.format() == Classification.NO_FORMAT) {
      return Verification.of(null, gold, "no format");
    }
    return formats.get(classification.format()).verify(completion, gold);
  }
}
