package dev.anechoic.model.corpus;

import dev.anechoic.model.problem.Operation;
import dev.anechoic.model.problem.Term;
import java.math.BigDecimal;
import java.util.function.Function;

/** Reads a formula such as {@code 80/100*10} or {@code (5 + $3) x 2}. */
final class TermParser {

  private static final int DEEPEST = 50;

  private final String text;
  private final Function<BigDecimal, Term.Leaf> leaf;
  private int at;
  private int depth;

  private TermParser(String text, Function<BigDecimal, Term.Leaf> leaf) {
    this.text = text;
    this.leaf = leaf;
  }

  /**
   * Reads a whole formula.
   *
   * @param leaf says where a number comes from; called from left to right
   * @throws IllegalArgumentException if the text is no formula
   */
  static Term parse(String text, Function<BigDecimal, Term.Leaf> leaf) {
    TermParser parser = new TermParser(text, leaf);
    Term term = parser.sum();
    if (parser.peek() != '\0') {
      throw parser.error();
    }
    return term;
  }

  private Term sum() {
    Term left = product();
    while (peek() == '+' || peek() == '-') {
      Operation operation = next() == '+' ? Operation.ADD : Operation.SUBTRACT;
      left = new Term.Binary(operation, left, product());
    }
    return left;
  }

  private Term product() {
    Term left = factor();
    while (peek() == '*' || peek() == '/' || peek() == 'x' || peek() == '×' || peek() == 'X') {
      Operation operation = next() == '/' ? Operation.DIVIDE : Operation.MULTIPLY;
      if (operation == Operation.DIVIDE && peek() == '/') {
        next();
      }
      left = new Term.Binary(operation, left, factor());
    }
    return left;
  }

  private Term factor() {
    if (++depth > DEEPEST) {
      throw error();
    }
    Term value;
    if (peek() == '(') {
      next();
      value = sum();
      if (next() != ')') {
        throw error();
      }
    } else if (peek() == '+') {
      next();
      value = factor();
    } else if (peek() == '-') {
      next();
      Term zero = new Term.Constant(BigDecimal.ZERO);
      value = new Term.Binary(Operation.SUBTRACT, zero, factor());
    } else {
      value = leaf.apply(number());
    }
    if (peek() == '%') {
      next();
      Term hundred = new Term.Constant(BigDecimal.valueOf(100));
      value = new Term.Binary(Operation.DIVIDE, value, hundred);
    }
    depth--;
    return value;
  }

  private BigDecimal number() {
    int start = at;
    while (at < text.length()
        && (Character.isDigit(text.charAt(at)) || ".,".indexOf(text.charAt(at)) >= 0)) {
      at++;
    }
    String digits = text.substring(start, at).replace(",", "");
    if (digits.endsWith(".")) {
      digits = digits.substring(0, digits.length() - 1);
    }
    try {
      return new BigDecimal(digits);
    } catch (NumberFormatException e) {
      throw error();
    }
  }

  /** The next character that counts, or 0 at the end. */
  private char peek() {
    while (at < text.length() && " $\u00a0".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at < text.length() ? text.charAt(at) : '\0';
  }

  private char next() {
    char c = peek();
    at++;
    return c;
  }

  private IllegalArgumentException error() {
    return new IllegalArgumentException("'" + text + "' is no formula at char " + at);
  }
}
