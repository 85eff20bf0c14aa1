package dev.anechoic.model.problem;

import java.util.ArrayList;
import java.util.List;

/** A piece of a text whose numbers are traced. */
public sealed interface Piece {

  /** Text without a traced number. */
  record Words(String text) implements Piece {}

  /** A traced number. */
  record Number(Term.Leaf source, NumberStyle style) implements Piece {}

  /**
   * The term of a step written out, such as {@code 12 + 5}.
   *
   * @param space what stands on both sides of an operator
   */
  record Working(int step, String space) implements Piece {}

  /** The place of a calculator annotation: nothing in prose, {@code <<12+5=17>>} in that format. */
  record Annotation(int step) implements Piece {}

  /**
   * Splits a template at its placeholders.
   *
   * @param template text with {@code {}} for each piece
   */
  static List<Piece> of(String template, Piece... pieces) {
    List<Piece> result = new ArrayList<>();
    int at = 0;
    for (Piece piece : pieces) {
      int place = template.indexOf("{}", at);
      if (place < 0) {
        throw new IllegalArgumentException("more pieces than places in: " + template);
      }
      if (place > at) {
        result.add(new Words(template.substring(at, place)));
      }
      result.add(piece);
      at = place + 2;
    }
    if (at < template.length()) {
      result.add(new Words(template.substring(at)));
    }
    return result;
  }
}
