package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.SolvableTable;
import dev.anechoic.rl.runfolder.JsonLines;
import dev.anechoic.rl.runfolder.Metrics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/** The numbers behind the charts as CSV (RFC 4180): a cell that was not measured is empty. */
final class CsvExport {
  private CsvExport() {}

  /** Writes {@code NAME-metrics.csv}, and {@code NAME-eval.csv} where there is an evaluation. */
  static void write(RunData run, Path folder, String name) {
    JsonLines.writeFile(folder.resolve(name + "-metrics.csv"), metrics(run.rl()));
    if (run.before().isPresent() || run.after().isPresent()) {
      JsonLines.writeFile(folder.resolve(name + "-eval.csv"), evaluation(run));
    }
  }

  /** One line per step, one column per key. */
  static String metrics(Metrics metrics) {
    List<String> keys = metrics.keys().stream().filter(key -> !key.equals("step")).toList();
    StringBuilder csv = new StringBuilder("step");
    keys.forEach(key -> csv.append(',').append(quoted(key)));
    csv.append("\r\n");
    List<double[]> columns = keys.stream().map(metrics::column).toList();
    int[] steps = metrics.steps();
    for (int t = 0; t < steps.length; t++) {
      csv.append(steps[t]);
      for (double[] column : columns) {
        csv.append(',').append(number(column[t]));
      }
      csv.append("\r\n");
    }
    return csv.toString();
  }

  /** One line per evaluation and figure: phase, figure, format, k, value, low, high. */
  static String evaluation(RunData run) {
    StringBuilder csv = new StringBuilder("phase,figure,format,k,value,low,high\r\n");
    run.before().ifPresent(eval -> evaluation(csv, "before", eval));
    run.after().ifPresent(eval -> evaluation(csv, "after", eval));
    run.solvable().ifPresent(table -> solvable(csv, table));
    return csv.toString();
  }

  private static void evaluation(StringBuilder csv, String phase, EvalFigures eval) {
    line(csv, phase, "accuracy_greedy", "", "", eval.greedy());
    line(csv, phase, "accuracy_sampled", "", "", eval.accuracy());
    line(csv, phase, "accuracy_forced_any", "", "", eval.forcedUnion());
    for (String format : eval.formats()) {
      line(csv, phase, "share", format, "", eval.share(format));
      line(csv, phase, "share_greedy", format, "", eval.greedyShare(format));
      line(csv, phase, "accuracy", format, "", eval.accuracy(format));
      line(csv, phase, "accuracy_forced", format, "", eval.forced(format));
    }
    for (int k = 1; k <= eval.largestK(); k++) {
      line(csv, phase, "pass", "", Integer.toString(k), eval.passAtK(k));
      for (String format : eval.formats()) {
        line(csv, phase, "pass", format, Integer.toString(k), eval.passAtK(format, k));
      }
    }
    for (int k : eval.powersOfTwo()) {
      line(csv, phase, "maj", "", Integer.toString(k), eval.majAtK(k));
    }
  }

  /** Shares of the problems; coverage is the share solved at least once. */
  private static void solvable(StringBuilder csv, SolvableTable table) {
    solved(csv, "before", "coverage", table, table.both() + table.baseOnly());
    solved(csv, "after", "coverage", table, table.both() + table.rlOnly());
    solved(csv, "change", "solved_both", table, table.both());
    solved(csv, "change", "solved_base_only", table, table.baseOnly());
    solved(csv, "change", "solved_rl_only", table, table.rlOnly());
    solved(csv, "change", "solved_neither", table, table.neither());
  }

  private static void solved(
      StringBuilder csv, String phase, String name, SolvableTable table, int count) {
    double share = count / (double) table.problems();
    line(csv, phase, name, "", "", new EvalFigures.Figure(share, table.interval(count)));
  }

  private static void line(
      StringBuilder csv,
      String phase,
      String name,
      String format,
      String k,
      EvalFigures.Figure figure) {
    List<String> cells = new ArrayList<>(List.of(phase, name, quoted(format), k));
    cells.add(number(figure.value()));
    cells.add(number(figure.interval().low()));
    cells.add(number(figure.interval().high()));
    StringJoiner joiner = new StringJoiner(",", "", "\r\n");
    cells.forEach(joiner::add);
    csv.append(joiner);
  }

  private static String number(double value) {
    return Double.isFinite(value) ? Double.toString(value) : "";
  }

  private static String quoted(String text) {
    return text.matches("[^,\"\r\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}
