package dev.anechoic.model.corpus;

import dev.anechoic.model.problem.Term;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Traces a number of a solution to where it comes from: an earlier result, a number of the
 * question, general knowledge that a word of the question calls for, or a number that stays as it
 * is.
 */
final class Origins {

  /** Numbers that nobody states, and the words that call for them. */
  private static final Map<String, List<String>> KNOWLEDGE =
      Map.ofEntries(
          Map.entry("2", List.of("half", "halv", "twice", "doubl", "pair", "both", "couple")),
          Map.entry("3", List.of("triple", "thrice", "third")),
          Map.entry("4", List.of("quarter", "fourth", "month", "quadruple")),
          Map.entry("5", List.of("fifth", "nickel", "weekday", "work")),
          Map.entry("7", List.of("week", "daily", "every day", "each day")),
          Map.entry("10", List.of("dime", "tenth")),
          Map.entry("12", List.of("dozen", "year", "month", "feet", "foot", "inch")),
          Map.entry("16", List.of("ounce", "pound")),
          Map.entry("24", List.of("day", "hour")),
          Map.entry("25", List.of("quarter")),
          Map.entry("30", List.of("month")),
          Map.entry("52", List.of("year", "week")),
          Map.entry("60", List.of("hour", "minute")),
          Map.entry("100", List.of("%", "percent", "cent", "$", "dollar", "meter")),
          Map.entry("365", List.of("year")),
          Map.entry("1000", List.of("kilo", "km", "kg", "liter", "gram")),
          Map.entry("0.5", List.of("half")),
          Map.entry("0.25", List.of("quarter")));

  private final String question;
  private final List<BigDecimal> givens;
  private final List<BigDecimal> results = new ArrayList<>();
  private final List<BigDecimal> fixed = new ArrayList<>();
  private final List<List<Term.Leaf>> equalSources = new ArrayList<>();
  private @Nullable String doubt;

  Origins(String question, List<BigDecimal> givens) {
    this.question = question.toLowerCase(Locale.ROOT);
    this.givens = givens;
  }

  /** Notes a number of the question that is part of something else, such as a fraction. */
  void addFixed(BigDecimal value) {
    fixed.add(value);
  }

  void addResult(BigDecimal value) {
    results.add(value);
  }

  /**
   * Where the number comes from. An earlier result is preferred to a number of the question, the
   * latest one first. Where several sources have this value, nobody can say which is meant: they
   * are noted as equal, and have to stay so. A number without a source leaves a doubt.
   */
  Term.Leaf trace(BigDecimal value) {
    List<Term.Leaf> sources = sources(value);
    if (sources.isEmpty()) {
      doubt("no source of " + value.toPlainString());
      return new Term.Constant(value);
    }
    if (sources.size() > 1) {
      equalSources.add(sources);
    }
    return sources.getFirst();
  }

  /** Notes a number that stays as it is, so that its sources have to keep their value. */
  void fix(BigDecimal value) {
    List<Term.Leaf> sources = sources(value);
    if (!sources.isEmpty()) {
      sources.add(new Term.Constant(value));
      equalSources.add(sources);
    }
  }

  private List<Term.Leaf> sources(BigDecimal value) {
    List<Term.Leaf> sources = new ArrayList<>();
    for (int i = results.size() - 1; i >= 0; i--) {
      if (results.get(i).compareTo(value) == 0) {
        sources.add(new Term.Result(i));
      }
    }
    for (int i = 0; i < givens.size(); i++) {
      if (givens.get(i).compareTo(value) == 0) {
        sources.add(new Term.Given(i));
      }
    }
    if (isKnowledge(value)) {
      sources.add(new Term.Constant(value));
    }
    return sources;
  }

  /** Notes that a number of the text cannot be traced. */
  void doubt(String reason) {
    doubt = reason;
  }

  /** Why the numbers cannot be replaced at all; null if they can. */
  @Nullable String doubt() {
    return doubt;
  }

  /** Sources that had equal values where one of them was meant. */
  List<List<Term.Leaf>> equalSources() {
    return equalSources;
  }

  private boolean isKnowledge(BigDecimal value) {
    boolean stated = fixed.stream().anyMatch(number -> number.compareTo(value) == 0);
    if (stated || value.compareTo(BigDecimal.ONE) == 0 || value.signum() == 0) {
      return true;
    }
    List<String> words = KNOWLEDGE.get(value.stripTrailingZeros().toPlainString());
    return words != null && words.stream().anyMatch(question::contains);
  }
}
