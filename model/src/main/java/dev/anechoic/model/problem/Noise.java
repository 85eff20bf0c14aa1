package dev.anechoic.model.problem;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes solutions wrong on purpose, so that the strength of a format is a dial.
 *
 * <p>Two kinds. Label noise changes one operand, operator or copied number of a step; it is
 * different every time, and RL removes it quickly. A misconception replaces the step behind a known
 * trap by its misreading; it is systematic, and so a lasting ceiling.
 */
public final class Noise {

  private static final int ATTEMPTS = 32;

  private Noise() {}

  /** Whether a sentence of the problem has a known trap. */
  public static boolean hasTrap(Problem problem) {
    return problem.steps().stream().anyMatch(step -> step.misreading() != null);
  }

  /** The problem with every trap misread; later values follow. */
  public static Problem misread(Problem problem) {
    List<Step> steps = new ArrayList<>();
    for (Step step : problem.steps()) {
      Term misreading = step.misreading();
      steps.add(misreading == null ? step : step.withTerm(misreading));
    }
    return problem.withSteps(steps);
  }

  /**
   * The problem with one operand, operator or copied number changed; later values follow. The
   * result differs from the one before and is a number that such a problem could have (whole if the
   * one before was whole, not negative).
   */
  public static Problem corrupt(Problem problem, Draws draws) {
    BigDecimal before = problem.result();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Problem changed = change(problem, draws);
      if (isPlausible(changed, before)) {
        return changed;
      }
    }
    // Rare: every change tried left the result or made it implausible. Off by one always works.
    Step last = problem.steps().getLast();
    Term offByOne = new Term.Binary(Operation.ADD, last.term(), new Term.Constant(BigDecimal.ONE));
    return replace(problem, problem.steps().size() - 1, offByOne);
  }

  private static boolean isPlausible(Problem changed, BigDecimal before) {
    try {
      List<BigDecimal> results = changed.results();
      boolean wholeBefore = isWhole(before);
      return results.getLast().compareTo(before) != 0
          && results.stream().allMatch(r -> r.signum() >= 0 && (!wholeBefore || isWhole(r)));
    } catch (ArithmeticException e) {
      return false;
    }
  }

  private static boolean isWhole(BigDecimal value) {
    return value.stripTrailingZeros().scale() <= 0;
  }

  private static Problem change(Problem problem, Draws draws) {
    int at = draws.below(problem.steps().size());
    Term term = problem.steps().get(at).term();
    int target = draws.below(size(term));
    return replace(problem, at, change(problem, term, at, target, draws));
  }

  private static Problem replace(Problem problem, int at, Term term) {
    List<Step> steps = new ArrayList<>(problem.steps());
    steps.set(at, steps.get(at).withTerm(term));
    // Stated values behind the change are those of the right solution: they are computed anew.
    for (int i = at + 1; i < steps.size(); i++) {
      steps.set(i, steps.get(i).withTerm(steps.get(i).term()));
    }
    return problem.withSteps(steps);
  }

  private static int size(Term term) {
    return term instanceof Term.Binary b ? 1 + size(b.left()) + size(b.right()) : 1;
  }

  /** Changes the node with this number in the order left, right, operator. */
  private static Term change(Problem problem, Term term, int step, int target, Draws draws) {
    if (!(term instanceof Term.Binary(Operation operation, Term left, Term right))) {
      return changeNumber(problem, (Term.Leaf) term, step, draws);
    }
    int leftSize = size(left);
    if (target < leftSize) {
      return new Term.Binary(operation, change(problem, left, step, target, draws), right);
    }
    int inRight = target - leftSize;
    if (inRight < size(right)) {
      return new Term.Binary(operation, left, change(problem, right, step, inRight, draws));
    }
    Operation[] all = Operation.values();
    Operation other = all[(operation.ordinal() + draws.between(1, all.length - 1)) % all.length];
    return new Term.Binary(other, left, right);
  }

  /** Another number of the problem in its place, or the number copied wrongly. */
  private static Term changeNumber(Problem problem, Term.Leaf leaf, int step, Draws draws) {
    int givens = problem.givens().size();
    if (draws.chance(0.5) && givens + step > 1) {
      int source = draws.below(givens + step);
      return source < givens ? new Term.Given(source) : new Term.Result(source - givens);
    }
    BigDecimal value = leaf.value(problem.givens(), problem.results());
    BigDecimal change = BigDecimal.valueOf(draws.between(1, 3));
    return new Term.Constant(draws.chance(0.5) ? value.add(change) : value.subtract(change).abs());
  }
}
