package dev.anechoic.model.corpus;

import dev.anechoic.model.problem.Draws;
import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Operation;
import dev.anechoic.model.problem.Piece;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.problem.Step;
import dev.anechoic.model.problem.Term;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A problem while it is being told: what has been said, and how much there is now. */
final class Story {

  private static final List<String> GIRLS =
      List.of("Mia", "Ana", "Lily", "Emma", "Sara", "Nora", "Zoe", "Ivy");
  private static final List<String> BOYS =
      List.of("Tom", "Ben", "Sam", "Leo", "Max", "Jack", "Omar", "Finn");
  private static final List<String> OBJECTS =
      List.of(
          "apples",
          "books",
          "cards",
          "coins",
          "cookies",
          "eggs",
          "marbles",
          "pencils",
          "shells",
          "stamps",
          "stickers",
          "toys");

  /** The largest number that the question may state as a word. */
  static final int LARGEST_WORD = 12;

  final GeneratorConfig config;
  final Draws draws;
  final String object;
  private final List<BigDecimal> givens = new ArrayList<>();
  private final List<Piece> question = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();
  private final List<Piece> solution = new ArrayList<>();
  private final StringBuilder family = new StringBuilder();
  String person;
  String pronoun;
  Term.Leaf current = new Term.Constant(BigDecimal.ZERO);
  int value;

  /** Another person's amount, which a question about both needs; null if there is none. */
  Term.@Nullable Leaf other;

  int otherValue;

  Story(GeneratorConfig config, Draws draws) {
    this.config = config;
    this.draws = draws;
    this.object = draws.pick(OBJECTS);
    boolean girl = draws.chance(0.5);
    this.person = draws.pick(girl ? GIRLS : BOYS);
    this.pronoun = girl ? "She" : "He";
  }

  /** Another person than the present one. */
  String newPerson() {
    String name = draws.pick(draws.chance(0.5) ? GIRLS : BOYS);
    while (name.equals(person)) {
      name = draws.pick(draws.chance(0.5) ? GIRLS : BOYS);
    }
    return name;
  }

  void turnTo(String name) {
    person = name;
    pronoun = GIRLS.contains(name) ? "She" : "He";
  }

  int steps() {
    return steps.size();
  }

  /** A number to be stated in the question, within the dials; at most {@code most}. */
  int number(int most) {
    return draws.between(config.smallest(), Math.min(config.largest(), most));
  }

  /** A number of boxes, days, friends or times. */
  int factor(int most) {
    return draws.between(2, Math.min(config.largestFactor(), most));
  }

  Term.Given given(int number) {
    givens.add(BigDecimal.valueOf(number));
    return new Term.Given(givens.size() - 1);
  }

  /** Says a sentence of the question; {@code {}} stands for each number. */
  void say(String template, Term.Leaf... numbers) {
    Piece[] pieces = new Piece[numbers.length];
    for (int i = 0; i < numbers.length; i++) {
      boolean word = draws.chance(config.wordShare()) && isSmall(numbers[i]);
      pieces[i] = new Piece.Number(numbers[i], word ? NumberStyle.WORD : NumberStyle.DIGITS);
    }
    if (!question.isEmpty()) {
      question.add(new Piece.Words(" "));
    }
    question.addAll(Piece.of(template, pieces));
  }

  private boolean isSmall(Term.Leaf number) {
    return number.value(givens, results(steps.size())).intValueExact() <= LARGEST_WORD;
  }

  /** Says a sentence that does not matter for the answer. */
  void sayWords(String sentence) {
    question.add(new Piece.Words(" " + sentence));
  }

  void move(String name) {
    family.append(family.isEmpty() ? "" : "+").append(name);
  }

  /**
   * Adds a step; its value becomes the present amount.
   *
   * @param explanation sentence of the solution with {@code {}} for the working and the result
   */
  void step(String variable, Operation operation, Term left, Term right, String explanation) {
    step(variable, new Term.Binary(operation, left, right), null, explanation);
  }

  void step(String variable, Term term, @Nullable Term misreading, String explanation) {
    int index = steps.size();
    steps.add(new Step(unique(variable), term, misreading, null));
    Term.Result result = new Term.Result(index);
    if (!solution.isEmpty()) {
      solution.add(new Piece.Words(" "));
    }
    List<Piece> pieces =
        Piece.of(
            explanation,
            new Piece.Working(index, " "),
            new Piece.Number(result, NumberStyle.DIGITS));
    solution.addAll(pieces);
    solution.add(indexOfResult(pieces), new Piece.Annotation(index));
    current = result;
    value = term.value(givens, results(index)).intValueExact();
  }

  /** Where the annotation goes: right before the number that was just computed. */
  private int indexOfResult(List<Piece> pieces) {
    int start = solution.size() - pieces.size();
    for (int i = pieces.size() - 1; i >= 0; i--) {
      if (pieces.get(i) instanceof Piece.Number) {
        return start + i;
      }
    }
    throw new IllegalStateException("an explanation without its result");
  }

  private List<BigDecimal> results(int count) {
    List<BigDecimal> results = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      results.add(steps.get(i).term().value(givens, results));
    }
    return results;
  }

  private String unique(String variable) {
    int number = 1;
    String name = variable;
    while (isTaken(name)) {
      name = variable + ++number;
    }
    return name;
  }

  private boolean isTaken(String name) {
    return steps.stream().anyMatch(step -> step.variable().equals(name));
  }

  boolean hasTrap() {
    return steps.stream().anyMatch(step -> step.misreading() != null);
  }

  Problem problem(String id, String name) {
    BigDecimal gold = results(steps.size()).getLast();
    return new Problem(id, family.toString(), name, givens, question, steps, solution, gold);
  }
}
