package dev.anechoic.model.format;

import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.problem.Step;
import dev.anechoic.model.problem.Term;
import dev.anechoic.model.python.Outcome;
import dev.anechoic.model.python.Python;
import java.math.BigDecimal;
import java.util.List;
import java.util.function.Function;

/**
 * A Python function named for the problem, with one assignment per step; its return value is the
 * answer. The shape of TinyGSM (arXiv 2312.09241).
 */
public final class CodeFormat implements Format {

  private static final String INDENT = "    ";
  private static final String RESULT = "result";

  private final boolean docstring;

  /**
   * @param docstring whether the question is restated in the function's docstring, as in TinyGSM;
   *     without it completions are about half as long
   */
  public CodeFormat(boolean docstring) {
    this.docstring = docstring;
  }

  @Override
  public String name() {
    return "code";
  }

  @Override
  public String opening() {
    return "def ";
  }

  @Override
  public String render(Problem problem) {
    StringBuilder out = new StringBuilder(opening()).append(problem.name()).append("():\n");
    if (docstring) {
      String question = problem.questionText().replace("\\", "\\\\").replace("\"", "'");
      out.append(INDENT).append("\"\"\"").append(question).append("\"\"\"\n");
    }
    appendSteps(problem, RESULT, INDENT, out);
    return out.append(INDENT).append("return ").append(RESULT).toString();
  }

  /** Writes an assignment per step, each on a line; the last goes to {@code lastVariable}. */
  static void appendSteps(Problem problem, String lastVariable, String indent, StringBuilder out) {
    int last = problem.steps().size() - 1;
    Function<Term.Leaf, String> leaf =
        source ->
            source instanceof Term.Result(int step)
                ? problem.steps().get(step).variable()
                : NumberStyle.DIGITS.text(source.value(problem.givens(), List.of()));
    for (int i = 0; i <= last; i++) {
      Step step = problem.steps().get(i);
      out.append(indent).append(i == last ? lastVariable : step.variable()).append(" = ");
      out.append(step.term().text(leaf, " ")).append('\n');
    }
  }

  @Override
  public Match match(String completion) {
    int from = Programs.firstMarker(completion);
    if (from < 0) {
      // The beginning of a header whose bracket has not come yet.
      boolean begins =
          completion.startsWith("def ")
              && completion.indexOf('\n') < 0
              && completion.strip().indexOf(' ') == completion.strip().lastIndexOf(' ');
      return begins || Prose.opens(completion, "def ") && !completion.startsWith("def ")
          ? new Match(Form.TRUNCATED, 0)
          : Match.NONE;
    }
    if (!completion.substring(0, from).isBlank()) {
      return new Match(Form.MIXED, from);
    }
    Form form = Programs.form(Python.checkFunctions(completion, Programs.limits()));
    boolean foreign = form == Form.TRUNCATED && endsInForeignLine(completion);
    return new Match(foreign ? Form.MIXED : form, from);
  }

  /** Whether a whole program is followed by one line that begins no statement of such a program. */
  private static boolean endsInForeignLine(String completion) {
    int start = completion.stripTrailing().lastIndexOf('\n') + 1;
    String line = completion.substring(start).strip();
    boolean begins =
        Character.isWhitespace(completion.charAt(start))
            || List.of("def ", "import ", "from ", "print(", "#").stream()
                .anyMatch(word -> line.startsWith(word) || word.startsWith(line));
    String before = completion.substring(0, start);
    return !begins && Python.checkFunctions(before, Programs.limits()) instanceof Outcome.Value;
  }

  @Override
  public Verification verify(String completion, BigDecimal gold) {
    int from = Programs.firstMarker(completion);
    if (from < 0) {
      return Verification.of(null, gold, "no function");
    }
    Outcome outcome = Python.callFunction(Programs.extract(completion, from), Programs.limits());
    return Programs.verdict(outcome, gold);
  }
}
