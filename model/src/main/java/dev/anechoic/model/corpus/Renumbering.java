package dev.anechoic.model.corpus;

import dev.anechoic.model.problem.Draws;
import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Piece;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.problem.Step;
import dev.anechoic.model.problem.Term;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gives a problem new numbers: the question, every step and the prose follow. Whole numbers stay
 * whole, nothing turns negative, and no value has more decimals than it had.
 */
final class Renumbering {

  private static final int ATTEMPTS = 200;
  private static final int LARGEST_PERCENT = 95;

  private Renumbering() {}

  /**
   * The problem with other numbers.
   *
   * @param read a problem whose every number is traced
   * @param suffix added to the id
   * @return null if no numbers were found that keep all values as natural as they were
   */
  static @Nullable Problem apply(Gsm8kProblem read, Draws draws, String suffix) {
    Problem problem = read.problem();
    boolean[] fixed = fixed(read);
    List<BigDecimal> before = problem.results();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      List<BigDecimal> givens = new ArrayList<>();
      for (int i = 0; i < problem.givens().size(); i++) {
        BigDecimal given = problem.givens().get(i);
        givens.add(fixed[i] ? given : vary(given, isPercent(problem, i), draws));
      }
      List<Step> steps = problem.steps().stream().map(s -> s.withTerm(s.term())).toList();
      List<BigDecimal> after = results(steps, givens);
      boolean valid =
          after != null && isNatural(before, after) && isConsistent(read, givens, after);
      if (valid && after != null && !givens.equals(problem.givens())) {
        return new Problem(
            problem.id() + suffix,
            problem.family(),
            problem.name(),
            givens,
            problem.question(),
            steps,
            problem.solution(),
            NumberStyle.strip(after.getLast()));
      }
    }
    return null;
  }

  /** Numbers of the question that are also general knowledge: which is meant, nobody can say. */
  private static boolean[] fixed(Gsm8kProblem read) {
    boolean[] fixed = new boolean[read.problem().givens().size()];
    for (List<Term.Leaf> equal : read.equalSources()) {
      if (equal.stream().anyMatch(Term.Constant.class::isInstance)) {
        for (Term.Leaf source : equal) {
          if (source instanceof Term.Given(int index)) {
            fixed[index] = true;
          }
        }
      }
    }
    return fixed;
  }

  /** Whether sources that had equal values where one of them was meant still have. */
  private static boolean isConsistent(
      Gsm8kProblem read, List<BigDecimal> givens, List<BigDecimal> results) {
    for (List<Term.Leaf> equal : read.equalSources()) {
      BigDecimal first = equal.getFirst().value(givens, results);
      for (Term.Leaf source : equal) {
        if (source.value(givens, results).compareTo(first) != 0) {
          return false;
        }
      }
    }
    return true;
  }

  private static @Nullable List<BigDecimal> results(List<Step> steps, List<BigDecimal> givens) {
    List<BigDecimal> results = new ArrayList<>();
    try {
      for (Step step : steps) {
        results.add(step.term().value(givens, results));
      }
      return results;
    } catch (ArithmeticException e) {
      return null;
    }
  }

  private static boolean isNatural(List<BigDecimal> before, List<BigDecimal> after) {
    for (int i = 0; i < before.size(); i++) {
      int decimals = Math.max(0, before.get(i).stripTrailingZeros().scale());
      boolean signKept = before.get(i).signum() <= 0 || after.get(i).signum() > 0;
      if (!signKept || after.get(i).stripTrailingZeros().scale() > decimals) {
        return false;
      }
    }
    return true;
  }

  /** A number between half and twice as large, with as many decimals. */
  private static BigDecimal vary(BigDecimal value, boolean percent, Draws draws) {
    BigDecimal stripped = value.stripTrailingZeros();
    int scale = Math.max(0, stripped.scale());
    long unscaled = value.setScale(scale).unscaledValue().longValueExact();
    // Round numbers stay round: 1,500 becomes another multiple of 100.
    long unit = 1;
    while (unscaled >= 100 * unit && unscaled % (unit * 10) == 0) {
      unit *= 10;
    }
    if (percent && unscaled % 5 == 0) {
      unit = 5;
    }
    long units = unscaled / unit;
    long least = Math.max(units > 1 ? 2 : 1, units / 2);
    long most = Math.max(least + 3, units * 2);
    if (percent && scale == 0) {
      most = Math.min(most, LARGEST_PERCENT / unit);
      least = Math.min(least, most);
    }
    long drawn = least + draws.below((int) Math.min(Integer.MAX_VALUE - 1, most - least) + 1);
    return BigDecimal.valueOf(drawn * unit, scale);
  }

  /** Whether the number stands before a percent sign or word somewhere in the question. */
  private static boolean isPercent(Problem problem, int given) {
    List<Piece> pieces = problem.question();
    for (int i = 0; i + 1 < pieces.size(); i++) {
      boolean here =
          pieces.get(i) instanceof Piece.Number(var source, var _)
              && source.equals(new Term.Given(given));
      if (here && pieces.get(i + 1) instanceof Piece.Words(String text)) {
        String next = text.strip();
        if (next.startsWith("%") || next.startsWith("percent")) {
          return true;
        }
      }
    }
    return false;
  }
}
