package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.SolvableTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Before against after RL, from the raw answers of both evaluations. */
final class EvaluationCharts {
  private final Study study;

  EvaluationCharts(Study study) {
    this.study = study;
  }

  String all() {
    return formats() + passAtK() + majAtK() + solvable();
  }

  String formats() {
    Row row =
        new Row(
            "formats",
            "Each format, before and after",
            "Open circle before RL, filled after. <b>Share</b> and <b>accuracy</b> are of sampled"
                + " completions. <b>Forced</b> is the greedy accuracy when the format's opening is"
                + " forced: it shows how strong a format still is after RL stopped using it.");
    StringBuilder tables = new StringBuilder();
    for (RunData run : study.runs()) {
      if (run.before().isPresent() || run.after().isPresent()) {
        row.panel(run.name(), dumbbells(run), "");
        tables.append("<h4>").append(Html.escape(run.name())).append("</h4>").append(table(run));
      }
    }
    return tables.isEmpty()
        ? ""
        : row.html()
            + "<details><summary>The same in numbers, with 95 % intervals</summary>"
            + tables
            + "</details>\n";
  }

  private String dumbbells(RunData run) {
    List<String> names = List.of("share", "accuracy", "forced");
    List<BiFunction<EvalFigures, String, EvalFigures.Figure>> figures =
        List.of(EvalFigures::share, EvalFigures::accuracy, EvalFigures::forced);
    List<String> formats = run.realFormats();
    double height = 56 + 28 * formats.size();
    Svg svg = new Svg(Plot.WIDTH, height, "Formats of " + run.name() + " before and after RL");
    for (int c = 0; c < 3; c++) {
      double left = 70 + c * 132;
      double width = 110;
      svg.text("label s-main", left, 12, "start", names.get(c));
      for (double tick : List.of(0.0, 0.5, 1.0)) {
        svg.line("grid", left + width * tick, 24, left + width * tick, height - 24);
      }
      svg.text("tick", left, height - 12, "start", "0");
      svg.text("tick", left + width, height - 12, "end", "100 %");
      for (int f = 0; f < formats.size(); f++) {
        String format = formats.get(f);
        double y = 40 + 28 * f;
        if (c == 0) {
          svg.text("label " + study.colours().css(format), 60, y, "end", format);
        }
        BiFunction<EvalFigures, String, EvalFigures.Figure> figure = figures.get(c);
        dumbbell(
            svg,
            study.colours().css(format),
            y,
            left,
            width,
            run.before().map(e -> figure.apply(e, format).value()).orElse(Double.NaN),
            run.after().map(e -> figure.apply(e, format).value()).orElse(Double.NaN));
      }
    }
    return svg.finish();
  }

  private static void dumbbell(
      Svg svg, String css, double y, double left, double width, double before, double after) {
    double from = left + width * before;
    double to = left + width * after;
    if (Double.isFinite(before) && Double.isFinite(after)) {
      svg.line("line " + css, from, y, to, y);
    }
    if (Double.isFinite(before)) {
      svg.circle("open " + css, from, y, 4.5, "before " + Numbers.percent(before));
    }
    if (Double.isFinite(after)) {
      svg.circle("point " + css, to, y, 5, "after " + Numbers.percent(after));
    }
  }

  private String table(RunData run) {
    StringBuilder html =
        new StringBuilder(
            "<div class=\"scroll\"><table><thead><tr><th></th><th colspan=2>share</th>"
                + "<th colspan=2>accuracy</th><th colspan=2>forced</th></tr>"
                + "<tr><th></th><th>before</th><th>after</th><th>before</th><th>after</th>"
                + "<th>before</th><th>after</th></tr></thead><tbody>");
    for (String format : run.formats()) {
      html.append("<tr><th>").append(study.coloured(format)).append("</th>");
      html.append(cells(run, e -> e.share(format)));
      html.append(cells(run, e -> e.accuracy(format)));
      html.append(cells(run, e -> e.forced(format))).append("</tr>");
    }
    html.append("<tr><th>all, sampled</th><td></td><td></td>");
    html.append(cells(run, EvalFigures::accuracy)).append("<td></td><td></td></tr>");
    html.append("<tr><th>all, greedy</th><td></td><td></td>");
    html.append(cells(run, EvalFigures::greedy)).append("<td></td><td></td></tr>");
    html.append("<tr><th>any format, forced</th><td></td><td></td><td></td><td></td>");
    html.append(cells(run, EvalFigures::forcedUnion)).append("</tr>");
    return html.append("</tbody></table></div>").toString();
  }

  private static String cells(RunData run, Function<EvalFigures, EvalFigures.Figure> figure) {
    return cell(run.before().map(figure).orElse(null)) + cell(run.after().map(figure).orElse(null));
  }

  private static String cell(EvalFigures.@org.jspecify.annotations.Nullable Figure figure) {
    if (figure == null || !Double.isFinite(figure.value())) {
      return "<td>" + Numbers.ABSENT + "</td>";
    }
    return "<td>%s<small>%s</small></td>"
        .formatted(Numbers.percent(figure.value()), Numbers.percentRange(figure.interval()));
  }

  String passAtK() {
    return overK(
        "passk",
        "pass@k",
        "Chance that at least one of k samples is right, unbiased over all samples, with 95 %"
            + " intervals. Lines that cross mean that RL made the model surer and narrower: better"
            + " at one try, no better, or worse, at many.",
        EvalFigures::passAtK);
  }

  String majAtK() {
    return overK(
        "majk",
        "maj@k",
        "Chance that the most frequent answer of k samples is right. Every sample is a vote,"
            + " equal numbers are one answer, and ties are split evenly.",
        EvalFigures::majAtK);
  }

  private String overK(
      String id,
      String title,
      String caption,
      BiFunction<EvalFigures, Integer, EvalFigures.Figure> figure) {
    Row row = new Row(id, title, caption);
    for (RunData run : study.runs()) {
      List<EvalFigures> both = new ArrayList<>();
      run.before().ifPresent(both::add);
      run.after().ifPresent(both::add);
      int largest = both.stream().mapToInt(EvalFigures::largestK).min().orElse(0);
      if (largest < 2) {
        continue;
      }
      int[] ks = ks(largest);
      Plot plot =
          new Plot(title + " of " + run.name(), 230, ks)
              .logX("k")
              .percent()
              .room(List.of("before RL"));
      run.before().ifPresent(e -> curve(plot, "before RL", "s-before", ks, e, figure));
      run.after().ifPresent(e -> curve(plot, "after RL", "s-main", ks, e, figure));
      row.panel(run.name(), plot.render(), "");
    }
    return row.html();
  }

  private static int[] ks(int largest) {
    List<Integer> ks = new ArrayList<>();
    for (int k = 1; k < largest; k *= 2) {
      ks.add(k);
    }
    ks.add(largest);
    return ks.stream().mapToInt(Integer::intValue).toArray();
  }

  private static void curve(
      Plot plot,
      String name,
      String css,
      int[] ks,
      EvalFigures eval,
      BiFunction<EvalFigures, Integer, EvalFigures.Figure> figure) {
    EvalFigures.Figure[] figures =
        Arrays.stream(ks).mapToObj(k -> figure.apply(eval, k)).toArray(EvalFigures.Figure[]::new);
    plot.band(
        css,
        Arrays.stream(figures).mapToDouble(f -> f.interval().low()).toArray(),
        Arrays.stream(figures).mapToDouble(f -> f.interval().high()).toArray());
    plot.line(name, css, Arrays.stream(figures).mapToDouble(EvalFigures.Figure::value).toArray());
  }

  String solvable() {
    Row row =
        new Row(
            "solvable",
            "Which problems are within reach",
            "Every problem by whether any sample solved it before and after RL. Top"
                + " right were lost, bottom left are new. With 95&nbsp;% intervals.");
    for (RunData run : study.runs()) {
      run.solvable()
          .ifPresent(table ->
              row.panel(
                  run.name(),
                  fourWays(table),
                  "Coverage %s (%s) before, %s (%s) after, over %d problems."
                      .formatted(
                          Numbers.percent(table.coverageBefore()),
                          Numbers.percentRange(table.interval(table.both() + table.baseOnly())),
                          Numbers.percent(table.coverageAfter()),
                          Numbers.percentRange(table.interval(table.both() + table.rlOnly())),
                          table.problems())));
    }
    return row.html();
  }

  /** Two by two, the shade of a cell its share of the problems. */
  private static String fourWays(SolvableTable table) {
    return ("<table class=\"ways\"><thead><tr><th></th><th>solved after</th><th>not after</th></tr>"
            + "</thead><tbody><tr><th>solved before</th>%s%s</tr><tr><th>not before</th>%s%s</tr>"
            + "</tbody></table>")
        .formatted(
            way(table, table.both()),
            way(table, table.baseOnly()),
            way(table, table.rlOnly()),
            way(table, table.neither()));
  }

  /** At most a third of ink in the paper, on which ink is legible in light and dark. */
  private static String way(SolvableTable table, int count) {
    double part = count / (double) Math.max(1, table.problems());
    return "<td style=\"--part:%s%%\">%s<small>%s</small><small>%s</small></td>"
        .formatted(
            Svg.number(33 * part),
            Numbers.count(count),
            Numbers.percent(part),
            Numbers.percentRange(table.interval(count)));
  }
}
