package dev.anechoic.model.problem;

import java.math.BigDecimal;
import java.util.List;
import java.util.function.Function;

/** A term of arithmetic whose numbers are traced to their source. */
public sealed interface Term {

  /** A number that is not a term of several. */
  sealed interface Leaf extends Term {}

  /** The number that the question states in this place, from 0. */
  record Given(int index) implements Leaf {}

  /** The value of an earlier step, from 0. */
  record Result(int step) implements Leaf {}

  /** A number from general knowledge, or a wrong one. */
  record Constant(BigDecimal value) implements Leaf {}

  /** Two terms joined by an operation. */
  record Binary(Operation operation, Term left, Term right) implements Term {}

  /**
   * Its value.
   *
   * @param givens numbers of the question
   * @param results values of the earlier steps
   * @throws ArithmeticException if it divides by zero
   */
  default BigDecimal value(List<BigDecimal> givens, List<BigDecimal> results) {
    return switch (this) {
      case Given(int index) -> givens.get(index);
      case Result(int step) -> results.get(step);
      case Constant(BigDecimal value) -> value;
      case Binary(Operation operation, Term left, Term right) ->
          operation.apply(left.value(givens, results), right.value(givens, results));
    };
  }

  /**
   * Its text with as few brackets as its meaning allows.
   *
   * @param leaf text of a number
   * @param space what stands on both sides of an operator
   */
  default String text(Function<Leaf, String> leaf, String space) {
    StringBuilder out = new StringBuilder();
    append(this, leaf, space, 0, out);
    return out.toString();
  }

  private static void append(
      Term term, Function<Leaf, String> leaf, String space, int outer, StringBuilder out) {
    if (term instanceof Leaf number) {
      out.append(leaf.apply(number));
      return;
    }
    Binary binary = (Binary) term;
    int precedence = binary.operation().precedence();
    boolean bracket = precedence < outer;
    out.append(bracket ? "(" : "");
    append(binary.left(), leaf, space, precedence, out);
    out.append(space).append(binary.operation().symbol()).append(space);
    // a - (b - c) and a / (b * c) need their brackets; a + (b + c) and a * (b * c) do not.
    boolean associative =
        binary.operation() == Operation.ADD || binary.operation() == Operation.MULTIPLY;
    boolean same =
        binary.right() instanceof Binary right && right.operation() == binary.operation();
    append(binary.right(), leaf, space, associative && same ? precedence : precedence + 1, out);
    out.append(bracket ? ")" : "");
  }
}
