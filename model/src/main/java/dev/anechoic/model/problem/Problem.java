package dev.anechoic.model.problem;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/**
 * A word problem with its solution.
 *
 * @param id where it comes from, unique within its source
 * @param family kind of problem; problems of one family differ in numbers and wording only
 * @param name a short name in snake case, for the function that solves it
 * @param givens numbers that the question states, in the order of their places
 * @param question text of the question
 * @param steps arithmetic; the value of the last step is the answer of this solution
 * @param solution text of the solution, without the closing statement of the answer
 * @param gold the right answer; differs from {@link #result} where the steps have been made wrong
 */
public record Problem(
    String id,
    String family,
    String name,
    List<BigDecimal> givens,
    List<Piece> question,
    List<Step> steps,
    List<Piece> solution,
    BigDecimal gold) {

  public Problem {
    givens = List.copyOf(givens);
    question = List.copyOf(question);
    steps = List.copyOf(steps);
    solution = List.copyOf(solution);
    if (steps.isEmpty()) {
      throw new IllegalArgumentException("problem " + id + " has no steps");
    }
  }

  /** The question as text. */
  public String questionText() {
    return text(question, results(), false);
  }

  /**
   * The solution as text.
   *
   * @param annotations whether calculator annotations are shown
   */
  public String solutionText(boolean annotations) {
    return text(solution, results(), annotations);
  }

  /**
   * The value of every step.
   *
   * @throws ArithmeticException if a step divides by zero
   */
  public List<BigDecimal> results() {
    List<BigDecimal> results = new ArrayList<>(steps.size());
    for (Step step : steps) {
      BigDecimal stated = step.stated();
      results.add(stated != null ? stated : step.term().value(givens, results));
    }
    return results;
  }

  /** The value of the last step. */
  public BigDecimal result() {
    return results().getLast();
  }

  /** The same problem solved by other steps; texts follow, the right answer stays. */
  public Problem withSteps(List<Step> others) {
    return new Problem(id, family, name, givens, question, others, solution, gold);
  }

  /**
   * What makes two problems the same exercise: the family and the numbers. Names, objects and
   * wording do not matter, so that training and evaluation problems can be kept apart in earnest.
   */
  public String canonicalForm() {
    StringBuilder out = new StringBuilder(family);
    for (BigDecimal given : givens) {
      out.append(' ').append(NumberStyle.strip(given).toPlainString());
    }
    return out.toString();
  }

  private String text(List<Piece> pieces, List<BigDecimal> results, boolean annotations) {
    StringBuilder out = new StringBuilder();
    for (Piece piece : pieces) {
      switch (piece) {
        case Piece.Words(String text) -> out.append(text);
        case Piece.Number(Term.Leaf source, NumberStyle style) ->
            out.append(style.text(source.value(givens, results)));
        case Piece.Working(int step, String space) -> out.append(working(step, results, space));
        case Piece.Annotation(int step) -> {
          if (annotations) {
            String value = NumberStyle.DIGITS.text(results.get(step));
            out.append("<<").append(working(step, results, "")).append('=').append(value);
            out.append(">>");
          }
        }
      }
    }
    return out.toString();
  }

  private String working(int step, List<BigDecimal> results, String space) {
    return steps
        .get(step)
        .term()
        .text(leaf -> NumberStyle.DIGITS.text(leaf.value(givens, results)), space);
  }
}
