package dev.anechoic.rl.report;

import dev.anechoic.rl.runfolder.Decision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Where the decision sits: logits by layer at the deciding token, and which parts carry the lead.
 */
final class DecisionCharts {
  private static final int PARTS = 8;

  private final Study study;

  DecisionCharts(Study study) {
    this.study = study;
  }

  String all(RunData run, LedgerData ledger, String id) {
    return lens(run, id) + attribution(run, id) + logitGradients(run, ledger, id);
  }

  private String lens(RunData run, String id) {
    List<Decision> decisions = run.decisions();
    if (decisions.isEmpty()) {
      return "";
    }
    Row row =
        new Row(
            id + "-decision",
            "Where the decision sits",
            "Logit of each format's opening at the deciding token, read out after every layer."
                + " The layer at which the lines part is where the model makes up its mind.");
    List<double[]> all = new ArrayList<>();
    decisions.forEach(d -> run.realFormats().forEach(f -> all.add(logits(d, f))));
    Range range = Range.covering(all, false);
    for (Decision decision : decisions) {
      List<String> names = decision.layers().stream().map(Decision.Layer::name).toList();
      Plot plot =
          new Plot("Logit lens " + decision.phase(), 230, LedgerCharts.index(names.size()))
              .x(new Range(0, Math.max(1, names.size() - 1)), "")
              .xText(v -> LedgerCharts.layerName(names, v))
              .y(range)
              .room(study.formats());
      for (String format : run.realFormats()) {
        plot.line(format, study.colours().css(format), logits(decision, format));
      }
      row.panel(
          decision.phase() + " RL",
          plot.render(),
          "Deciding token at position %s of the answer, over %d prompts."
              .formatted(Numbers.significant(decision.position()), decision.prompts()));
    }
    return row.html();
  }

  private static double[] logits(Decision decision, String format) {
    return decision.layers().stream()
        .mapToDouble(layer -> layer.logits().getOrDefault(format, Double.NaN))
        .toArray();
  }

  /** The parts whose share in the lead changed most, before and after RL. */
  private String attribution(RunData run, String id) {
    List<Decision> decisions = run.decisions();
    Map<String, double[]> parts = new LinkedHashMap<>();
    for (int d = 0; d < decisions.size(); d++) {
      for (Decision.Layer layer : decisions.get(d).layers()) {
        for (Map.Entry<String, Double> part : layer.attribution().entrySet()) {
          String name = layer.name() + " " + part.getKey();
          double[] values = parts.computeIfAbsent(name, n -> new double[decisions.size()]);
          values[d] = part.getValue();
        }
      }
    }
    if (parts.isEmpty() || decisions.size() < 2) {
      return "";
    }
    String leader = decisions.getFirst().leader();
    StringBuilder html =
        new StringBuilder(
            "<div class=\"scroll\"><table><thead><tr><th>part</th><th>before</th><th>after</th>"
                + "<th>change</th></tr></thead><tbody>");
    double[] total = new double[2];
    parts.values().forEach(v -> Arrays.setAll(total, i -> total[i] + v[i]));
    parts.entrySet().stream()
        .sorted((a, b) -> Double.compare(change(b.getValue()), change(a.getValue())))
        .limit(PARTS)
        .forEach(part -> html.append(line(Html.escape(part.getKey()), part.getValue())));
    html.append(line("<b>all parts: the lead</b>", total)).append("</tbody></table></div>");
    Row row =
        new Row(
            id + "-attribution",
            "Which heads and layers carry the lead",
            "How much each part of the network adds to the logit of "
                + study.coloured(leader)
                + " over the mean of the other openings, at the deciding token. The parts add up"
                + " to the lead; those that changed most come first.");
    return row.panel("", html.toString(), "").html();
  }

  private static double change(double[] values) {
    return Math.abs(values[1] - values[0]);
  }

  private static String line(String name, double[] values) {
    return "<tr><th>%s</th><td>%s</td><td>%s</td><td>%s</td></tr>"
        .formatted(
            name,
            Numbers.signed(values[0]),
            Numbers.signed(values[1]),
            Numbers.signed(values[1] - values[0]));
  }

  /** The pull of the loss on the competing logits themselves. */
  private String logitGradients(RunData run, LedgerData ledger, String id) {
    List<double[]> pulls = run.realFormats().stream().map(ledger::pullOnLogit).toList();
    if (pulls.stream().flatMapToDouble(Arrays::stream).allMatch(v -> v == 0)) {
      return "";
    }
    Row row =
        new Row(
            id + "-logits",
            "The pull on the deciding logits",
            "Left, <i>−∂L/∂z</i> of each format's opening at the deciding token, summed over the"
                + " completions of a step: up raises the opening. Right, its norm over completions:"
                + " a large norm with a small sum is samples that disagree.");
    row.panel("sum", logitPlot(run, ledger, pulls, true), "");
    List<double[]> norms = run.realFormats().stream().map(ledger::normAtLogit).toList();
    row.panel("norm", logitPlot(run, ledger, norms, false), "");
    return row.html();
  }

  private String logitPlot(RunData run, LedgerData ledger, List<double[]> columns, boolean signed) {
    Range range = Range.covering(columns, true);
    Plot plot =
        new Plot("Gradients at the deciding logits of " + run.name(), 220, ledger.steps())
            .x(study.steps(), "step")
            .room(study.formats());
    plot = signed ? plot.ySigned(range) : plot.y(range);
    for (int f = 0; f < columns.size(); f++) {
      String format = run.realFormats().get(f);
      plot.line(format, study.colours().css(format), columns.get(f));
    }
    run.switchStep().ifPresent(mark(plot));
    return plot.render();
  }

  private static IntConsumer mark(Plot plot) {
    return step -> plot.mark(step, "switch");
  }
}
