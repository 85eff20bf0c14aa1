package dev.anechoic.model.format;

import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Problem;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * Prose with calculator annotations {@code <<48/2=24>>} that ends in a line {@code #### 72}. The
 * shape of GSM8K (arXiv 2110.14168). The answer is the number of that line.
 */
public final class AnnotatedFormat implements Format {

  private static final String MARK = "####";

  @Override
  public String name() {
    return "annotated";
  }

  @Override
  public String opening() {
    return "Steps: ";
  }

  @Override
  public String render(Problem problem) {
    String result = NumberStyle.DIGITS.text(problem.result());
    return opening() + problem.solutionText(true) + "\n" + MARK + " " + result;
  }

  @Override
  public Match match(String completion) {
    int annotation = completion.indexOf("<<");
    int mark = lastLineWithMark(completion);
    int from = Math.min(place(annotation), place(mark));
    if (Prose.opens(completion, opening())) {
      from = 0;
    }
    if (from == Match.NO_MARKER) {
      return Match.NONE;
    }
    String body = mark < 0 ? completion : completion.substring(0, mark);
    String prose = withoutAnnotations(body, mark < 0);
    boolean isBeginning = opening().startsWith(completion.stripTrailing());
    if (prose == null || !isBeginning && !Prose.isProse(prose)) {
      return new Match(Form.MIXED, from);
    }
    if (mark < 0) {
      return new Match(Form.TRUNCATED, from);
    }
    String last = completion.substring(mark + MARK.length()).strip();
    if (last.isEmpty()) {
      return new Match(Form.TRUNCATED, from);
    }
    return new Match(Answers.parse(last) != null ? Form.WELL_FORMED : Form.MIXED, from);
  }

  private static int place(int index) {
    return index < 0 ? Match.NO_MARKER : index;
  }

  private static int lastLineWithMark(String text) {
    int at = text.lastIndexOf(MARK);
    return at == 0 || at > 0 && text.charAt(at - 1) == '\n' ? at : -1;
  }

  /**
   * The text without its annotations, each of which holds a formula.
   *
   * @param mayBeCut whether the last one may lack its end
   * @return null if something between the angle brackets is no formula
   */
  private static @Nullable String withoutAnnotations(String text, boolean mayBeCut) {
    StringBuilder out = new StringBuilder(text.length());
    int at = 0;
    int open = text.indexOf("<<");
    while (open >= 0) {
      out.append(text, at, open);
      int end = text.indexOf(">>", open);
      boolean cut = end < 0 && mayBeCut;
      if (end < 0 && !cut) {
        return null;
      }
      int formulaEnd = cut ? text.length() : end;
      if (!isFormula(text, open + 2, formulaEnd, cut)) {
        return null;
      }
      at = cut ? text.length() : end + 2;
      open = text.indexOf("<<", at);
    }
    out.append(text, at, text.length());
    return mayBeCut ? withoutPartialMarker(out.toString()) : out.toString();
  }

  /** Takes away a {@code <} or a line of number signs at the end, which may become a marker. */
  private static String withoutPartialMarker(String text) {
    int line = text.lastIndexOf('\n') + 1;
    boolean partialMark = line < text.length() && MARK.startsWith(text.substring(line).strip());
    if (partialMark) {
      return text.substring(0, line);
    }
    return text.endsWith("<") ? text.substring(0, text.length() - 1) : text;
  }

  private static boolean isFormula(String text, int from, int to, boolean cut) {
    boolean equals = false;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      equals |= c == '=';
      if ((c < '0' || c > '9') && " .,+-*/()=%$x".indexOf(c) < 0 && !(cut && c == '>')) {
        return false;
      }
    }
    return equals || cut;
  }

  @Override
  public Verification verify(String completion, BigDecimal gold) {
    int mark = lastLineWithMark(completion);
    BigDecimal answer = null;
    if (mark >= 0) {
      int end = completion.indexOf('\n', mark);
      String line = completion.substring(mark + MARK.length(), end < 0 ? completion.length() : end);
      answer = Answers.parse(line);
    }
    return Verification.of(answer, gold, "no number after " + MARK);
  }
}
