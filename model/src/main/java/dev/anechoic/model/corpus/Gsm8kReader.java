package dev.anechoic.model.corpus;

import dev.anechoic.model.corpus.NumberScanner.Found;
import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Piece;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.problem.Step;
import dev.anechoic.model.problem.Term;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns a question and an annotated solution in the style of GSM8K into a problem: every annotation
 * {@code <<48/2=24>>} becomes a step, every number is traced.
 */
final class Gsm8kReader {

  /** Says why a problem cannot be read. */
  static final class Unreadable extends Exception {
    Unreadable(String reason) {
      super(reason, null, false, false);
    }
  }

  private static final Pattern ANNOTATION = Pattern.compile("<<([^<>]*)>>");
  private static final Pattern WORD = Pattern.compile("[A-Za-z]+");
  private static final Pattern ORDINAL = Pattern.compile("\\d(st|nd|rd|th)\\b");
  private static final int LONGEST_NAME = 2;
  private static final Set<String> SKIPPED =
      Set.of(
          "a", "an", "and", "are", "as", "at", "be", "because", "but", "by", "each", "for", "from",
          "had", "has", "have", "he", "her", "his", "if", "in", "is", "it", "its", "of", "on", "or",
          "she", "since", "so", "than", "that", "the", "their", "then", "there", "these", "they",
          "this", "to", "was", "were", "when", "which", "while", "who", "will", "with", "x");
  private static final Set<String> RESERVED =
      Set.of(
          "def",
          "del",
          "elif",
          "else",
          "global",
          "import",
          "lambda",
          "not",
          "pass",
          "print",
          "raise",
          "result",
          "return",
          "try",
          "yield",
          "break",
          "class",
          "continue",
          "except");

  private final String question;
  private final List<BigDecimal> givens = new ArrayList<>();
  private final List<Piece> questionPieces = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();
  private final List<Piece> solution = new ArrayList<>();
  private final Origins origins;

  private Gsm8kReader(String question) {
    this.question = question;
    this.origins = new Origins(question, givens);
    readQuestion();
  }

  /**
   * Reads a problem.
   *
   * @param answer solution with annotations and a last line {@code #### 72}
   * @throws Unreadable if there is no annotation, one is no formula, or there is no right answer
   */
  static Gsm8kProblem read(String id, String question, String answer) throws Unreadable {
    int mark = answer.lastIndexOf("####");
    BigDecimal gold =
        mark < 0 ? null : dev.anechoic.model.format.Answers.parse(answer.substring(mark + 4));
    if (gold == null) {
      throw new Unreadable("no number after ####");
    }
    Gsm8kReader reader = new Gsm8kReader(question);
    reader.readSolution(answer.substring(0, mark).strip());
    String name = reader.steps.getLast().variable();
    Problem problem =
        new Problem(
            id,
            id,
            name,
            reader.givens,
            reader.questionPieces,
            reader.steps,
            reader.solution,
            gold);
    return new Gsm8kProblem(problem, reader.origins.doubt(), reader.origins.equalSources());
  }

  private void readQuestion() {
    int at = 0;
    for (Found number : NumberScanner.scan(question, false)) {
      if (number.free()) {
        words(questionPieces, question.substring(at, number.start()));
        int given = indexOfGiven(number.value());
        questionPieces.add(new Piece.Number(new Term.Given(given), number.style()));
        at = number.end();
      } else {
        origins.addFixed(number.value());
      }
    }
    words(questionPieces, question.substring(at));
    if (ORDINAL.matcher(question).find()) {
      // The 13th day follows 12 days: an ordinal is bound to a number in a way nobody can see.
      origins.doubt("an ordinal number");
    }
  }

  /** Equal numbers of the question are one given, so that they stay equal. */
  private int indexOfGiven(BigDecimal value) {
    for (int i = 0; i < givens.size(); i++) {
      if (givens.get(i).compareTo(value) == 0) {
        return i;
      }
    }
    givens.add(value);
    return givens.size() - 1;
  }

  private void readSolution(String text) throws Unreadable {
    List<String> prose = new ArrayList<>();
    Matcher matcher = ANNOTATION.matcher(text);
    int at = 0;
    while (matcher.find()) {
      prose.add(text.substring(at, matcher.start()));
      addStep(matcher.group(1), prose.getLast(), text.substring(matcher.end()));
      at = matcher.end();
    }
    prose.add(text.substring(at));
    if (steps.isEmpty()) {
      throw new Unreadable("no annotation");
    }
    for (int i = 0; i < prose.size(); i++) {
      boolean last = i == prose.size() - 1;
      addProse(prose.get(i), last ? -1 : i);
      if (!last) {
        solution.add(new Piece.Annotation(i));
      }
    }
  }

  private void addStep(String annotation, String before, String behind) throws Unreadable {
    int equals = annotation.lastIndexOf('=');
    BigDecimal stated =
        equals < 0
            ? null
            : dev.anechoic.model.format.Answers.parse(annotation.substring(equals + 1));
    if (stated == null) {
      throw new Unreadable("an annotation without a result: <<" + annotation + ">>");
    }
    try {
      Term term = TermParser.parse(annotation.substring(0, equals), origins::trace);
      steps.add(new Step(unique(name(before, behind, stated)), term, null, stated));
    } catch (IllegalArgumentException e) {
      throw new Unreadable("an annotation that is no formula: <<" + annotation + ">>");
    }
    origins.addResult(stated);
  }

  /**
   * A name from the words behind the result, such as {@code purple_flowers}. Where none follow, as
   * in {@code He eats 32 because 2 x 16 = 32}, from those behind the first mention of the result.
   */
  private static String name(String before, String behind, BigDecimal result) {
    String name = name(behind);
    if (name.isEmpty()) {
      String line = before.substring(before.lastIndexOf('\n') + 1);
      for (Found number : NumberScanner.scan(line, true)) {
        if (name.isEmpty() && number.value().compareTo(result) == 0) {
          name = name(line.substring(number.end()));
        }
      }
    }
    return name.isEmpty() ? "amount" : RESERVED.contains(name) ? name + "_number" : name;
  }

  private static String name(String behind) {
    int end = behind.indexOf('\n') < 0 ? behind.length() : behind.indexOf('\n');
    Matcher matcher = WORD.matcher(behind.substring(0, end));
    List<String> words = new ArrayList<>();
    while (matcher.find() && words.size() < LONGEST_NAME) {
      String word = matcher.group().toLowerCase(Locale.ROOT);
      if (!SKIPPED.contains(word)) {
        words.add(word);
      } else if (!words.isEmpty()) {
        break;
      }
    }
    return String.join("_", words);
  }

  private String unique(String base) {
    String name = base;
    for (int number = 2; isTaken(name); number++) {
      name = base + number;
    }
    return name;
  }

  private boolean isTaken(String name) {
    return steps.stream().anyMatch(step -> step.variable().equals(name));
  }

  /**
   * Adds the text before an annotation.
   *
   * @param step whose annotation follows, or -1
   */
  private void addProse(String text, int step) {
    String rest = text;
    String tail = "";
    boolean working = false;
    String space = "";
    if (step >= 0) {
      int equals = text.lastIndexOf('=');
      String before = equals < 0 ? "" : text.substring(0, equals).stripTrailing();
      for (String candidate : List.of("", " ")) {
        String formula = formula(step, candidate);
        if (!working && !before.isEmpty() && before.endsWith(formula) && isStart(before, formula)) {
          working = true;
          space = candidate;
          rest = before.substring(0, before.length() - formula.length());
          tail = text.substring(before.length());
        }
      }
    }
    addNumbers(rest);
    if (working) {
      solution.add(new Piece.Working(step, space));
      addNumbers(tail);
    }
  }

  private static boolean isStart(String before, String formula) {
    int start = before.length() - formula.length();
    char previous = start == 0 ? ' ' : before.charAt(start - 1);
    return previous == ' ' || previous == '\n' || previous == '$' || previous == '(';
  }

  private String formula(int step, String space) {
    List<BigDecimal> results = steps.stream().map(s -> s.stated()).toList();
    return steps
        .get(step)
        .term()
        .text(leaf -> NumberStyle.DIGITS.text(leaf.value(givens, results)), space);
  }

  private void addNumbers(String text) {
    int at = 0;
    for (Found number : NumberScanner.scan(text, true)) {
      if (number.multiplied()) {
        origins.doubt("a number in words such as two hundred");
      }
      if (!number.free()) {
        origins.fix(number.value());
        continue;
      }
      words(solution, text.substring(at, number.start()));
      solution.add(new Piece.Number(origins.trace(number.value()), number.style()));
      at = number.end();
    }
    words(solution, text.substring(at));
  }

  private static void words(List<Piece> pieces, String text) {
    if (!text.isEmpty()) {
      pieces.add(new Piece.Words(text));
    }
  }
}
