package dev.anechoic.model.format;

import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Problem;
import java.math.BigDecimal;

/**
 * Prose, step by step, that ends in a box with the answer. The shape of OpenMathInstruct-2 (arXiv
 * 2410.01560).
 */
public final class TextFormat implements Format {

  @Override
  public String name() {
    return "text";
  }

  @Override
  public String opening() {
    return "Solution: ";
  }

  @Override
  public String render(Problem problem) {
    String result = NumberStyle.DIGITS.text(problem.result());
    return opening() + problem.solutionText(false) + " The answer is " + Box.OPEN + result + "}.";
  }

  /** Prose without any marker counts as the beginning of this format, as it may end in a box. */
  @Override
  public Match match(String completion) {
    int box = completion.indexOf(Box.OPEN);
    int marker = box < 0 ? Match.NO_MARKER : box;
    int from = Prose.opens(completion, opening()) ? 0 : marker;
    Form form = Box.hasWords(completion) ? Box.form(completion) : Form.NONE;
    if (form == Form.NONE && from == 0) {
      boolean begins = opening().startsWith(completion.stripTrailing());
      return new Match(begins ? Form.TRUNCATED : Form.MIXED, 0);
    }
    return form == Form.NONE ? Match.NONE : new Match(form, from);
  }

  @Override
  public Verification verify(String completion, BigDecimal gold) {
    return Verification.of(Box.lastNumber(completion), gold, "no number in a box");
  }
}
