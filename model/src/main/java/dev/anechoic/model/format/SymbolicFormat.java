package dev.anechoic.model.format;

import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.problem.Term;
import java.math.BigDecimal;
import java.util.List;

/**
 * A scratchpad of symbols: {@code let a = 12 + 5 = 17} per step, and {@code answer c = 8} at the
 * end. The answer is the number of that line.
 */
public final class SymbolicFormat implements Format {

  private static final String LET = "let ";
  private static final String ANSWER = "answer ";

  @Override
  public String name() {
    return "symbolic";
  }

  @Override
  public String opening() {
    return LET;
  }

  @Override
  public String render(Problem problem) {
    List<BigDecimal> results = problem.results();
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < results.size(); i++) {
      String term =
          problem
              .steps()
              .get(i)
              .term()
              .text(
                  leaf ->
                      leaf instanceof Term.Result(int step)
                          ? symbol(step)
                          : NumberStyle.DIGITS.text(leaf.value(problem.givens(), results)),
                  " ");
      out.append(LET).append(symbol(i)).append(" = ").append(term);
      out.append(" = ").append(NumberStyle.DIGITS.text(results.get(i))).append('\n');
    }
    int last = results.size() - 1;
    return out.append(ANSWER)
        .append(symbol(last))
        .append(" = ")
        .append(NumberStyle.DIGITS.text(results.get(last)))
        .toString();
  }

  /** a, b, ..., z, a1, b1, ... */
  private static String symbol(int index) {
    String letter = String.valueOf((char) ('a' + index % 26));
    return index < 26 ? letter : letter + index / 26;
  }

  @Override
  public Match match(String completion) {
    int from = firstMarker(completion);
    if (from < 0) {
      return Match.NONE;
    }
    if (!completion.substring(0, from).isBlank()) {
      return new Match(Form.MIXED, from);
    }
    String[] lines = completion.strip().split("\n", -1);
    for (int i = 0; i < lines.length - 1; i++) {
      if (!isComplete(lines[i], LET, 3)) {
        return new Match(Form.MIXED, from);
      }
    }
    String last = lines[lines.length - 1];
    if (lines.length > 1 && isComplete(last, ANSWER, 2)) {
      return new Match(Form.WELL_FORMED, from);
    }
    boolean begun = isBegun(last, LET, 3) || isBegun(last, ANSWER, 2);
    return new Match(begun ? Form.TRUNCATED : Form.MIXED, from);
  }

  /** Where the first line {@code let x = ...} begins, or a text that is only a beginning of one. */
  private static int firstMarker(String text) {
    int line = 0;
    while (line < text.length()) {
      int end = text.indexOf('\n', line);
      end = end < 0 ? text.length() : end;
      String candidate = text.substring(line, end).strip();
      int equals = candidate.indexOf('=');
      if (candidate.startsWith(LET)
          && equals > 0
          && isSymbol(candidate.substring(LET.length(), equals).strip())) {
        return line;
      }
      line = end + 1;
    }
    String stripped = text.strip();
    boolean beginning =
        !stripped.isEmpty()
            && (LET.startsWith(stripped)
                || stripped.startsWith(LET) && isSymbol(stripped.substring(LET.length()).strip()));
    return beginning ? 0 : -1;
  }

  private static boolean isComplete(String line, String keyword, int sides) {
    if (!line.startsWith(keyword)) {
      return false;
    }
    String[] parts = line.substring(keyword.length()).split("=", -1);
    return parts.length == sides
        && isSymbol(parts[0].strip())
        && (sides == 2 || isTerm(parts[1]))
        && Answers.parse(parts[sides - 1]) != null;
  }

  private static boolean isBegun(String line, String keyword, int sides) {
    if (keyword.startsWith(line)) {
      return true;
    }
    if (!line.startsWith(keyword)) {
      return false;
    }
    String[] parts = line.substring(keyword.length()).split("=", -1);
    boolean symbol = parts[0].isBlank() || isSymbol(parts[0].strip());
    return symbol && parts.length <= sides && isTerm(String.join(" ", parts));
  }

  private static boolean isSymbol(String text) {
    boolean rest = text.length() == 1 || text.length() > 1 && Answers.isPlain(text.substring(1));
    return rest && text.charAt(0) >= 'a' && text.charAt(0) <= 'z';
  }

  private static boolean isTerm(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean allowed = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || " .+-*/()".indexOf(c) >= 0;
      if (!allowed) {
        return false;
      }
    }
    return true;
  }

  @Override
  public Verification verify(String completion, BigDecimal gold) {
    int at = completion.startsWith(ANSWER) ? 0 : completion.lastIndexOf("\n" + ANSWER) + 1;
    BigDecimal answer = null;
    if (completion.startsWith(ANSWER, at)) {
      int end = completion.indexOf('\n', at);
      String line = completion.substring(at, end < 0 ? completion.length() : end);
      answer =
          isComplete(line, ANSWER, 2) ? Answers.parse(line.substring(line.indexOf('=') + 1)) : null;
    }
    return Verification.of(answer, gold, "no answer line");
  }
}
