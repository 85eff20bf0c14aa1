package dev.anechoic.model.format;

import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.python.Outcome;
import dev.anechoic.model.python.Python;
import java.math.BigDecimal;

/**
 * A sentence that announces Python, a program between tags, its output between tags, and a closing
 * sentence with a box. The shape of OpenMathInstruct-1 (arXiv 2402.10176). The answer is what the
 * program shows when run; the box is reported beside it.
 */
public final class ToolFormat implements Format {

  private static final String CODE = "<llm-code>";
  private static final String END_CODE = "</llm-code>";
  private static final String OUTPUT = "<llm-code-output>";
  private static final String END_OUTPUT = "</llm-code-output>";
  private static final String[] TAGS = {CODE, END_CODE, OUTPUT, END_OUTPUT};
  private static final String ANNOUNCEMENT = "Let's use Python.";

  @Override
  public String name() {
    return "tool";
  }

  @Override
  public String opening() {
    return ANNOUNCEMENT + "\n" + CODE + "\n";
  }

  @Override
  public String render(Problem problem) {
    StringBuilder out = new StringBuilder(opening());
    String variable = problem.steps().getLast().variable();
    CodeFormat.appendSteps(problem, variable, "", out);
    String result = NumberStyle.DIGITS.text(problem.result());
    out.append(variable).append('\n').append(END_CODE).append('\n');
    out.append(OUTPUT).append('\n').append(result).append('\n').append(END_OUTPUT).append('\n');
    return out.append("The answer is ").append(Box.OPEN).append(result).append("}.").toString();
  }

  @Override
  public Match match(String completion) {
    int[] places = new int[TAGS.length + 1];
    int tags = 0;
    int at = nextBracket(completion, 0);
    boolean inOrder = true;
    while (at >= 0 && inOrder) {
      inOrder = tags < TAGS.length && completion.startsWith(TAGS[tags], at);
      if (inOrder) {
        places[tags++] = at;
        at = nextTag(completion, at + 1, tags);
      }
    }
    if (tags == 0) {
      boolean opens = Prose.opens(completion, ANNOUNCEMENT);
      boolean partial = at >= 0 && CODE.startsWith(completion.substring(at).stripTrailing());
      return opens || partial
          ? new Match(inOrder || partial ? Form.TRUNCATED : Form.MIXED, opens ? 0 : at)
          : Match.NONE;
    }
    boolean cut =
        !inOrder
            && tags < TAGS.length
            && TAGS[tags].startsWith(completion.substring(at).stripTrailing());
    Form form = inOrder || cut ? form(completion, places, tags) : Form.MIXED;
    return new Match(form, places[0]);
  }

  /** Inside code and output a {@code <} is an operator or text; outside it begins a tag. */
  private static int nextTag(String completion, int from, int tags) {
    boolean inside = tags == 1 || tags == 3;
    return inside ? completion.indexOf(TAGS[tags], from) : nextBracket(completion, from);
  }

  private static int nextBracket(String text, int from) {
    int at = text.indexOf('<', from);
    while (at >= 0 && Prose.isPlainSign(text, at)) {
      at = text.indexOf('<', at + 1);
    }
    return at;
  }

  private static Form form(String completion, int[] places, int tags) {
    String announcement = completion.substring(0, places[0]);
    if (!announcement.isBlank() && !Prose.isProse(announcement)) {
      return Form.MIXED;
    }
    if (tags == 1) {
      return Form.TRUNCATED;
    }
    String code = completion.substring(places[0] + CODE.length(), places[1]);
    if (!(Python.check(code, Programs.limits()) instanceof Outcome.Value)) {
      return Form.MIXED;
    }
    int between = tags > 2 ? places[2] : completion.length();
    String gap = completion.substring(places[1] + END_CODE.length(), between).strip();
    if (!gap.isEmpty() && !(tags == 2 && OUTPUT.startsWith(gap))) {
      return Form.MIXED;
    }
    if (tags < TAGS.length) {
      return Form.TRUNCATED;
    }
    String closing = completion.substring(places[3] + END_OUTPUT.length());
    return closing.isBlank() ? Form.TRUNCATED : orMixed(Box.form(closing));
  }

  private static Form orMixed(Form closing) {
    return closing == Form.NONE ? Form.MIXED : closing;
  }

  @Override
  public Verification verify(String completion, BigDecimal gold) {
    BigDecimal boxed = Box.lastNumber(completion);
    int start = completion.indexOf(CODE);
    int end = start < 0 ? -1 : completion.indexOf(END_CODE, start);
    if (end < 0) {
      return Verification.of(null, gold, "no complete code block").withBoxed(boxed);
    }
    Outcome outcome =
        Python.run(completion.substring(start + CODE.length(), end), Programs.limits());
    if (outcome instanceof Outcome.Value value && value.isNone()) {
      return Verification.of(null, gold, "the program shows nothing").withBoxed(boxed);
    }
    return Programs.verdict(outcome, gold).withBoxed(boxed);
  }
}
