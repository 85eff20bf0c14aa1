package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.LinearFit;
import dev.anechoic.rl.runfolder.LedgerEntry;
import dev.anechoic.rl.runfolder.LedgerEntry.SamplePush;
import dev.anechoic.rl.runfolder.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The ledger page: what happened at the switch, from the shares over the pushes that caused it to
 * the samples behind them. One block per run.
 */
final class LedgerCharts {
  private static final int SAMPLES = 12;
  private static final double TINY_PUSH = 0.02;
  private static final List<String> OTHERS = List.of("momentum", "decay");

  private final Study study;

  LedgerCharts(Study study) {
    this.study = study;
  }

  /** The blocks of all runs that kept a ledger; empty where none did. */
  String all() {
    StringBuilder html = new StringBuilder();
    for (RunData run : study.runs()) {
      LedgerData ledger = new LedgerData(run);
      if (!ledger.isEmpty()) {
        html.append(block(run, ledger));
      }
    }
    return html.toString();
  }

  private String block(RunData run, LedgerData ledger) {
    String id = "ledger-" + study.runs().indexOf(run);
    return "<div class=\"ledger\" id=\"%s\"><h3 class=\"runname\">%s</h3>\n"
            .formatted(id, Html.escape(run.name()))
        + story(run, ledger)
        + credit(run, ledger, id)
        + pushes(run, ledger, id)
        + balance(run, ledger, id)
        + movement(run, ledger, id)
        + agreement(run, ledger, id)
        + layers(run, ledger, id)
        + new DecisionCharts(study).all(run, ledger, id)
        + samples(run, ledger, id)
        + "</div>\n";
  }

  private String story(RunData run, LedgerData ledger) {
    String winner = run.winnerName();
    int[] window = ledger.stepsToSwitch();
    double observed = ledger.movementToSwitch(winner, true);
    double predicted = ledger.movementToSwitch(winner, false);
    List<String> causes = new ArrayList<>();
    for (LedgerData.Part part : ledger.partsToSwitch(winner)) {
      if (causes.size() < 4 && Math.abs(part.push()) >= TINY_PUSH * Math.abs(predicted)) {
        causes.add(
            "<b>%s</b> from %s samples through the %s term"
                .formatted(
                    Numbers.signed(part.push()),
                    study.coloured(part.source()),
                    Html.escape(part.term())));
      }
    }
    return ("<p class=\"story\">%s, steps %d to %d, the log-odds of %s moved by"
            + " <b>%s</b> nats; the applied updates predicted <b>%s</b>. The largest pushes:"
            + " %s.</p>\n")
        .formatted(
            run.switchStep().isPresent() ? "Up to the switch" : "Over the run, without a switch",
            window[0],
            window[1],
            study.coloured(winner),
            Numbers.signed(observed),
            Numbers.signed(predicted),
            causes.isEmpty() ? "none above the noise" : String.join("; ", causes));
  }

  /** The shares once more, next to the credit that each format's samples got. */
  private String credit(RunData run, LedgerData ledger, String id) {
    Row row =
        new Row(
            id + "-credit",
            "The shares and the credit",
            "Left, what happened. Right, the advantage mass: the sum of the advantages of each"
                + " format's completions. Bars up are formats whose samples did better than the"
                + " baseline.");
    row.panel("format shares", new TrainingCharts(study).shares(run, 200), "");
    List<String> sources = run.formats();
    List<double[]> masses = sources.stream().map(ledger::advantageMass).toList();
    Plot plot =
        new Plot("Advantage mass of " + run.name(), 200, ledger.steps())
            .x(study.steps(), "step")
            .ySigned(Range.covering(List.of(stacked(masses, 1), stacked(masses, -1)), true))
            .room(List.of("step"))
            .bars(sources, study.css(sources), masses);
    run.switchStep().ifPresent(step -> plot.mark(step, "switch"));
    return row.panel("advantage mass", plot.render(), "").html();
  }

  /** Signed stacked bars, a panel per loss term, a tab per pushed format. */
  private String pushes(RunData run, LedgerData ledger, String id) {
    List<String> targets = new ArrayList<>(run.realFormats());
    targets.remove(run.winnerName());
    if (!FormatColours.isResidue(run.winnerName())) {
      targets.addFirst(run.winnerName());
    }
    StringBuilder tabs = new StringBuilder("<div class=\"tabs\">");
    for (int i = 0; i < targets.size(); i++) {
      tabs.append(
          "<input type=\"radio\" name=\"%s-t\" id=\"%s-t%d\"%s><label for=\"%s-t%d\">%s</label>"
              .formatted(
                  id, id, i, i == 0 ? " checked" : "", id, i, study.coloured(targets.get(i))));
    }
    for (String target : targets) {
      tabs.append("<div class=\"tab\">").append(pushesOn(target, run, ledger, id)).append("</div>");
    }
    return "<h4 class=\"ask\">Who pushed which format?</h4>" + tabs + "</div>\n";
  }

  private String pushesOn(String target, RunData run, LedgerData ledger, String id) {
    Row row =
        new Row(
            id + "-push-" + target,
            "Pushes on " + target,
            "Bars up raise the log-odds of "
                + study.coloured(target)
                + ", bars down lower them, per step and in nats. A bar's colour says whose samples"
                + " pushed; each panel is one term of the loss, all on one scale. The last panel"
                + " adds up all terms from the first step on: a line that rises is who made the"
                + " format.");
    List<String> sources = run.formats();
    List<double[]> stacks = new ArrayList<>();
    Map<String, List<double[]>> byTerm = new LinkedHashMap<>();
    for (String term : ledger.terms()) {
      List<double[]> columns =
          sources.stream().map(source -> ledger.pushes(source, term, target)).toList();
      byTerm.put(term, columns);
      stacks.add(stacked(columns, 1));
      stacks.add(stacked(columns, -1));
    }
    List<double[]> others = List.of(ledger.unattributed(target), ledger.decay(target));
    stacks.add(stacked(others, 1));
    stacks.add(stacked(others, -1));
    Range range = Range.covering(stacks, true);
    byTerm.forEach((term, columns) -> {
      Plot plot =
          new Plot(term + " pushes on " + target, 200, ledger.steps())
              .x(study.steps(), "step")
              .ySigned(range)
              .room(List.of("step"))
              .bars(sources, study.css(sources), columns);
      run.switchStep().ifPresent(step -> plot.mark(step, "switch"));
      row.panel(term, plot.render(), "");
    });
    double visible = TINY_PUSH * Math.max(range.high(), -range.low());
    if (others.stream().flatMapToDouble(Arrays::stream).anyMatch(v -> Math.abs(v) > visible)) {
      Plot plot =
          new Plot("other pushes on " + target, 200, ledger.steps())
              .x(study.steps(), "step")
              .ySigned(range)
              .room(List.of("step"))
              .bars(OTHERS, List.of("s-second", "s-third"), others);
      row.panel("nobody's", plot.render(), "Momentum of updates that were not watched, decay.");
    }
    List<double[]> soFar = sources.stream().map(f -> ledger.pushesSoFar(f, target)).toList();
    Plot sums =
        new Plot("all pushes on " + target + " so far", 200, ledger.steps())
            .x(study.steps(), "step")
            .ySigned(Range.covering(soFar, true))
            .room(study.formats());
    for (int f = 0; f < sources.size(); f++) {
      if (Arrays.stream(soFar.get(f)).anyMatch(v -> v != 0)) {
        sums.line(sources.get(f), study.colours().css(sources.get(f)), soFar.get(f));
      }
    }
    run.switchStep().ifPresent(step -> sums.mark(step, "switch"));
    row.panel("all terms, so far", sums.render(), "");
    return row.html();
  }

  /** What moved the winner up to the switch, by source and term, as a table that adds up. */
  private String balance(RunData run, LedgerData ledger, String id) {
    String winner = run.winnerName();
    StringBuilder html =
        new StringBuilder(
            "<div class=\"scroll\"><table><thead><tr><th>whose samples</th><th>term</th>"
                + "<th>at once</th><th>through momentum</th><th>push</th></tr></thead><tbody>");
    for (LedgerData.Part part : ledger.partsToSwitch(winner)) {
      if (part.push() != 0) {
        html.append(
            line(
                study.coloured(part.source()),
                Html.escape(part.term()),
                Numbers.signed(part.fresh()),
                Numbers.signed(part.push() - part.fresh()),
                Numbers.signed(part.push())));
      }
    }
    html.append(
        line("nobody's", "momentum", "", "", Numbers.signed(ledger.otherToSwitch(winner, true))));
    html.append(
        line("nobody's", "decay", "", "", Numbers.signed(ledger.otherToSwitch(winner, false))));
    String predicted = Numbers.signed(ledger.movementToSwitch(winner, false));
    String observed = Numbers.signed(ledger.movementToSwitch(winner, true));
    html.append(line("<b>predicted</b>", "", "", "", "<b>" + predicted + "</b>"));
    html.append(line("<b>observed</b>", "", "", "", "<b>" + observed + "</b>"));
    html.append("</tbody></table></div>");
    int[] window = ledger.stepsToSwitch();
    Row row =
        new Row(
            id + "-balance",
            "The balance of the switch",
            "What moved the log-odds of %s over steps %d to %d, in nats. The parts add up to the"
                    .formatted(study.coloured(winner), window[0], window[1])
                + " prediction. Momentum is what earlier gradients of the same source left in the"
                + " optimizer.");
    return row.panel("", html.toString(), "").html();
  }

  private static String line(String... cells) {
    StringBuilder line = new StringBuilder("<tr><th>" + cells[0] + "</th>");
    for (int i = 1; i < cells.length; i++) {
      line.append("<td>").append(cells[i]).append("</td>");
    }
    return line.append("</tr>").toString();
  }

  /** Height of the positive or the negative stack at each step. */
  private static double[] stacked(List<double[]> columns, int sign) {
    double[] sum = new double[columns.getFirst().length];
    for (double[] column : columns) {
      for (int t = 0; t < sum.length; t++) {
        sum[t] += column[t] * sign > 0 ? column[t] : 0;
      }
    }
    return sum;
  }

  private String movement(RunData run, LedgerData ledger, String id) {
    Row row =
        new Row(
            id + "-movement",
            "Predicted and observed movement",
            "Log-odds of each format on the probe prompts since the first step, summed over"
                + " updates. Solid is observed, dashed the first-order prediction from the applied"
                + " updates. Where they part, first order is not the explanation.");
    List<double[]> all = new ArrayList<>();
    for (String format : run.realFormats()) {
      all.add(cumulated(ledger.movement(format, true)));
      all.add(cumulated(ledger.movement(format, false)));
    }
    Plot plot =
        new Plot("Movement of the log-odds of " + run.name(), 260, ledger.steps())
            .x(study.steps(), "step")
            .ySigned(Range.covering(all, true))
            .room(study.formats());
    for (String format : run.realFormats()) {
      String css = study.colours().css(format);
      plot.faint("dashed " + css, cumulated(ledger.movement(format, false)));
      plot.line(format, css, cumulated(ledger.movement(format, true)));
    }
    run.switchStep().ifPresent(step -> plot.mark(step, "switch"));
    row.panel("over the run", plot.render(), "");
    row.panel("update by update", scatter(run, ledger), "");
    return row.html();
  }

  private String scatter(RunData run, LedgerData ledger) {
    List<double[]> xs = new ArrayList<>();
    List<double[]> ys = new ArrayList<>();
    for (String format : run.realFormats()) {
      xs.add(values(ledger, format, false));
      ys.add(values(ledger, format, true));
    }
    List<double[]> both = new ArrayList<>(xs);
    both.addAll(ys);
    Range range = Range.covering(both, true);
    double[] empty = {};
    Plot frame =
        new Plot("Predicted against observed change", 260, empty)
            .x(range, "pred.")
            .xText(Numbers::plainSigned)
            .ySigned(range)
            .room(List.of("pred."))
            .rule(range.low(), range.low(), range.high(), range.high());
    for (int f = 0; f < xs.size(); f++) {
      String format = run.realFormats().get(f);
      frame.cloud(study.colours().css(format), xs.get(f), ys.get(f), format);
    }
    return frame.render();
  }

  private static double[] values(LedgerData ledger, String format, boolean observed) {
    return ledger.entries().stream()
        .flatMap(entry -> entry.movements().stream())
        .filter(m -> m.format().equals(format))
        .mapToDouble(m -> observed ? m.observed() : m.predicted())
        .toArray();
  }

  private static double[] cumulated(double[] steps) {
    double[] sum = steps.clone();
    Arrays.parallelPrefix(sum, (a, b) -> a + (Double.isNaN(b) ? 0 : b));
    return sum;
  }

  private String agreement(RunData run, LedgerData ledger, String id) {
    LinearFit fit = ledger.agreement();
    String worst =
        ledger
            .worst(run.winnerName())
            .map(w ->
                "It was furthest off for %s at step %d, by %s nats; at %s of the updates it missed"
                        .formatted(
                            study.coloured(run.winnerName()),
                            w.getKey().step(),
                            Numbers.significant(w.getValue()),
                            Numbers.percent(ledger.missed()))
                    + " more than half of a movement that stood out.")
            .orElse("");
    return ("<p class=\"aside\" id=\"%s-agreement\">Observed against predicted over %d"
            + " movements: slope %s, correlation %s. %s The parts add up to the whole gradient"
            + " to a relative error of at most %s. The ledger took %s of the update time.%s</p>\n")
        .formatted(
            id,
            fit.count(),
            Numbers.significant(fit.slope()),
            Numbers.significant(fit.correlation()),
            worst,
            Numbers.significant(ledger.largestRelativeError()),
            Numbers.percent(ledger.cost()),
            covariance(ledger));
  }

  private static String covariance(LedgerData ledger) {
    List<LedgerEntry> measured =
        ledger.entries().stream().filter(e -> !e.covariance().isEmpty()).toList();
    if (measured.isEmpty()) {
      return "";
    }
    List<String> parts = new ArrayList<>();
    for (String key : measured.getFirst().covariance().keySet()) {
      double mean =
          measured.stream()
              .mapToDouble(e -> e.covariance().getOrDefault(key, Double.NaN))
              .filter(Double::isFinite)
              .average()
              .orElse(Double.NaN);
      String name = key.equals("mean") ? "mean" : "quantile " + key;
      parts.add(name + " " + Numbers.significant(mean));
    }
    return " Covariance of log-prob and advantage over tokens, averaged over updates: "
        + Html.escape(String.join(", ", parts))
        + ".";
  }

  private String layers(RunData run, LedgerData ledger, String id) {
    List<String> layers = ledger.layers();
    if (layers.isEmpty()) {
      return "";
    }
    Row row =
        new Row(
            id + "-layers",
            "Through which layers",
            "Left, the norm of each format's policy gradient by layer, mean over the steps of the"
                + " switch. Right, whether two formats' gradients agree (+1), ignore each other (0)"
                + " or fight (−1).");
    List<String> formats = run.formats();
    List<double[]> columns = formats.stream().map(f -> ledger.layerNorms(f, layers)).toList();
    Plot plot =
        new Plot("Gradient norms by layer", 220, index(layers.size()))
            .x(new Range(0, Math.max(1, layers.size() - 1)), "")
            .xText(v -> layerName(layers, v))
            .y(Range.covering(columns, true))
            .room(study.formats());
    for (int f = 0; f < formats.size(); f++) {
      if (Arrays.stream(columns.get(f)).anyMatch(v -> v > 0)) {
        plot.line(formats.get(f), study.colours().css(formats.get(f)), columns.get(f));
      }
    }
    row.panel("norm, policy term", plot.render(), "");
    cosines(run, ledger).ifPresent(svg -> row.panel("cosine between formats", svg, ""));
    return row.html();
  }

  /** Whether two formats' gradients pull the parameters the same way. */
  private Optional<String> cosines(RunData run, LedgerData ledger) {
    List<String> pairs = ledger.cosinePairs();
    if (pairs.isEmpty()) {
      return Optional.empty();
    }
    List<String> names = pairs.stream().map(pair -> pair.replace("|", ", ")).toList();
    List<String> styles = List.of("s-main", "s-second", "s-total", "s-third");
    Plot plot =
        new Plot("Cosines between the gradients of formats of " + run.name(), 220, ledger.steps())
            .x(study.steps(), "step")
            .ySigned(new Range(-1, 1))
            .room(names);
    for (int i = 0; i < Math.min(pairs.size(), styles.size()); i++) {
      plot.line(names.get(i), styles.get(i), ledger.cosine(pairs.get(i)));
    }
    return Optional.of(plot.render());
  }

  static double[] index(int length) {
    double[] index = new double[length];
    Arrays.setAll(index, i -> i);
    return index;
  }

  static String layerName(List<String> names, double at) {
    int i = (int) Math.round(at);
    return i >= 0 && i < names.size() && Math.abs(at - i) < 1e-9 ? names.get(i) : "";
  }

  private String samples(RunData run, LedgerData ledger, String id) {
    List<SamplePush> pushes = ledger.samplesAtSwitch(SAMPLES);
    if (pushes.isEmpty()) {
      return "";
    }
    Map<String, Sample> byId = new LinkedHashMap<>();
    run.samples().forEach(sample -> byId.put(sample.id(), sample));
    StringBuilder html =
        new StringBuilder("<section class=\"row n1\" id=\"" + id + "-samples\"><header>");
    html.append(
        "<h3>Samples behind the largest pushes</h3><p>Completions of the switch, by how"
            + " far each pushed the log-odds of its own format. Open one to read it.</p></header>");
    html.append("<div class=\"panels\"><div class=\"pushlist\">");
    for (SamplePush push : pushes) {
      html.append(sample(push, byId));
    }
    return html.append("</div></div></section>\n").toString();
  }

  private String sample(SamplePush push, Map<String, Sample> byId) {
    Sample sample = byId.get(push.id());
    String head =
        "<span class=\"push\">%s</span> %s"
            .formatted(Numbers.signed(push.push()), study.coloured(push.format()));
    if (sample == null) {
      return "<p>%s <span class=\"quiet\">%s is not in samples.jsonl</span></p>\n"
          .formatted(head, Html.escape(push.id()));
    }
    String quiet =
        "step %d, %s, advantage %s"
            .formatted(
                sample.step(),
                sample.verdict().replace('_', ' '),
                Numbers.signed(sample.advantage()));
    return ("<details><summary>%s <span class=\"quiet\">%s</span></summary><p class=\"prompt\">%s"
            + "</p><pre>%s</pre></details>\n")
        .formatted(
            head,
            Html.escape(quiet),
            Html.escape(sample.prompt()),
            Html.escape(sample.completion()));
  }
}
