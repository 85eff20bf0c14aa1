package dev.anechoic.model.format;

import dev.anechoic.model.python.Limits;
import dev.anechoic.model.python.Outcome;
import java.math.BigDecimal;

/** Finds Python programs in a completion, and turns the outcome of a run into a verdict. */
final class Programs {

  private Programs() {}

  /** Where the first line begins that defines a function or imports a module, or -1. */
  static int firstMarker(String text) {
    int line = 0;
    while (line < text.length()) {
      if (isHeader(text, line) || isImport(text, line)) {
        return line;
      }
      line = nextLine(text, line);
    }
    return -1;
  }

  /** Whether {@code def name(} stands here. The letters d-e-f alone do not make a function. */
  static boolean isHeader(String text, int at) {
    if (!text.startsWith("def ", at)) {
      return false;
    }
    int i = at + 4;
    int start = i;
    while (i < text.length()
        && (Character.isLetterOrDigit(text.charAt(i)) || text.charAt(i) == '_')) {
      i++;
    }
    return i > start
        && !Character.isDigit(text.charAt(start))
        && i < text.length()
        && text.charAt(i) == '(';
  }

  private static boolean isImport(String text, int at) {
    return text.startsWith("import math", at) || text.startsWith("from math import", at);
  }

  /**
   * The lines from the first marker on that belong to the program: indented or blank ones, those
   * inside a triple-quoted string, and those that begin another definition, import or comment.
   */
  static String extract(String text, int from) {
    int line = from;
    boolean quoted = false;
    while (line < text.length()) {
      int next = nextLine(text, line);
      char first = text.charAt(line);
      boolean belongs =
          quoted
              || first == ' '
              || first == '\t'
              || first == '\n'
              || first == '\r'
              || first == '#'
              || first == ')'
              || isHeader(text, line)
              || isImport(text, line);
      if (!belongs) {
        return text.substring(from, line);
      }
      quoted ^= hasOddTripleQuotes(text, line, next);
      line = next;
    }
    return text.substring(from);
  }

  private static boolean hasOddTripleQuotes(String text, int from, int to) {
    boolean odd = false;
    for (int i = from; i + 2 < to; i++) {
      if (text.startsWith("\"\"\"", i) || text.startsWith("'''", i)) {
        odd = !odd;
        i += 2;
      }
    }
    return odd;
  }

  private static int nextLine(String text, int at) {
    int end = text.indexOf('\n', at);
    return end < 0 ? text.length() : end + 1;
  }

  /** How a program stands to its grammar, given the outcome of reading it. */
  static Form form(Outcome read) {
    return switch (read) {
      case Outcome.Value _ -> Form.WELL_FORMED;
      case Outcome.Unparsable unparsable when unparsable.atEnd() -> Form.TRUNCATED;
      default -> Form.MIXED;
    };
  }

  static Limits limits() {
    return Limits.DEFAULT;
  }

  static Verification verdict(Outcome outcome, BigDecimal gold) {
    return switch (outcome) {
      case Outcome.Value value -> {
        BigDecimal number = value.number();
        yield number == null
            ? new Verification(Verdict.INCORRECT, null, null, "the result is not a number")
            : Verification.of(number, gold, "");
      }
      case Outcome.Unparsable(String reason, int line, boolean _) ->
          new Verification(Verdict.UNPARSABLE, null, null, reason + " (line " + line + ")");
      case Outcome.OverBudget(String limit) ->
          new Verification(Verdict.OVER_BUDGET, null, null, "over budget: " + limit);
      case Outcome.Raised(String error, String message) ->
          new Verification(Verdict.INCORRECT, null, null, error + ": " + message);
      case Outcome.Internal(Throwable cause) ->
          new Verification(Verdict.ERROR, null, null, "interpreter fault: " + cause);
    };
  }
}
