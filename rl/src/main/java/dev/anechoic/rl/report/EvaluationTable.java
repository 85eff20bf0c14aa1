package dev.anechoic.rl.report;

import dev.anechoic.rl.runfolder.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The main figures of one evaluation as a table for a terminal. */
public final class EvaluationTable {
  private EvaluationTable() {}

  /**
   * Shares, accuracies and forced accuracies per format, then accuracy greedy and sampled, pass@k
   * and maj@k, all with 95 % intervals.
   */
  public static List<String> lines(Evaluation evaluation) {
    List<String> formats = new ArrayList<>(evaluation.formats());
    formats.add("mixed");
    formats.add("none");
    EvalFigures figures = new EvalFigures(evaluation, formats);
    List<String> lines = new ArrayList<>();
    lines.add(
        "%d problems, %d samples each, temperature %.2f, top-p %.2f"
            .formatted(
                figures.problems(),
                figures.largestK(),
                evaluation.temperature(),
                evaluation.topP()));
    lines.add("format           share              accuracy          forced, greedy");
    for (String format : formats) {
      lines.add(
          "%-10s %s %s %s"
              .formatted(
                  format,
                  text(figures.share(format)),
                  text(figures.accuracy(format)),
                  text(figures.forced(format))));
    }
    lines.add("%-10s %s %s".formatted("all", " ".repeat(18), text(figures.accuracy())));
    lines.add("%-10s %s".formatted("greedy", text(figures.greedy())));
    for (int k : figures.powersOfTwo()) {
      lines.add(
          "%-10s %s   %-8s %s"
              .formatted(
                  "pass@" + k, text(figures.passAtK(k)), "maj@" + k, text(figures.majAtK(k))));
    }
    return lines;
  }

  private static String text(EvalFigures.Figure figure) {
    return Double.isNaN(figure.value())
        ? "       –          "
        : String.format(
            Locale.ROOT,
            "%.3f [%.2f, %.2f]",
            figure.value(),
            figure.interval().low(),
            figure.interval().high());
  }
}
