package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.FormatEntropy;
import dev.anechoic.rl.measure.PriceSplit;
import dev.anechoic.rl.measure.Winner;
import dev.anechoic.rl.runfolder.Metrics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The charts over training steps; the report and the live page draw the same ones. */
final class TrainingCharts {
  private static final double HEIGHT = 230;
  private static final double LEAST_SHARE = 0.02;

  private final Study study;

  TrainingCharts(Study study) {
    this.study = study;
  }

  String all() {
    return shares() + accuracy() + price() + entropy() + kl() + phases();
  }

  String shares() {
    Row row =
        new Row(
            "shares",
            "Format shares",
            "Each band is one format's share of the sampled completions at a step. Look for the"
                + " band that takes over, and how fast. "
                + Html.escape(Winner.DEFINITION));
    for (RunData run : study.runs()) {
      row.panel(run.name(), shares(run, 280), "");
    }
    return row.html();
  }

  /** The stacked area of one run. */
  String shares(RunData run, double height) {
    List<String> names = run.formats();
    Plot plot =
        new Plot("Format shares of " + run.name() + " over steps", height, run.rl().steps())
            .x(study.steps(), "step")
            .percent()
            .room(study.formats())
            .areas(names, study.css(names), Arrays.asList(run.shares()));
    run.switchStep().ifPresent(step -> plot.mark(step, "switch, step " + step));
    return plot.render();
  }

  String accuracy() {
    Row row =
        new Row(
            "accuracy",
            "Accuracy within each format",
            "Mean reward of a format's own completions; faint lines are single steps, strong ones"
                + " their moving mean. A format that wins although its line is not the highest won"
                + " on frequency. Steps at which a format has under 2&nbsp;% of the completions are"
                + " left out.");
    List<String> formats = study.formats();
    for (RunData run : study.runs()) {
      Plot plot =
          new Plot("Accuracy per format of " + run.name(), HEIGHT, run.rl().steps())
              .x(study.steps(), "step")
              .percent()
              .room(formats);
      for (String format : run.realFormats()) {
        int f = run.formats().indexOf(format);
        double[] reward = whereSeen(run.rewards()[f], run.shares()[f]);
        plot.faint(study.colours().css(format), reward);
        plot.line(format, study.colours().css(format), smooth(reward));
      }
      row.panel(run.name(), plot.render(), "");
    }
    return row.html();
  }

  String price() {
    Row row =
        new Row(
            "price",
            "Reward, and what its gain is made of",
            "The change in mean reward since the first steps, split by the Price equation:"
                + " <b>selection</b> is share moving to formats that score higher,"
                + " <b>within</b> is formats getting better, <b>cross</b> is both at once, and the"
                + " three add up to the <b>gain</b>. Both ends are means over five steps, over fewer"
                + " in a short run.");
    Range range = study.range(run -> priceColumns(run).stream().toList(), true);
    for (RunData run : study.runs()) {
      List<double[]> columns = priceColumns(run);
      Plot plot =
          new Plot("Price split of the reward of " + run.name(), HEIGHT, run.rl().steps())
              .x(study.steps(), "step")
              .ySigned(range)
              .room(List.of("selection"))
              .line("gain", "s-total", columns.get(0))
              .line("selection", "s-main", columns.get(1))
              .line("within", "s-second", columns.get(2))
              .line("cross", "s-third", columns.get(3));
      double[] reward = run.rl().column("reward");
      row.panel(
          run.name(),
          plot.render(),
          reward.length == 0
              ? ""
              : "Mean reward %s at the first step, %s at the last."
                  .formatted(
                      Numbers.significant(reward[0]),
                      Numbers.significant(reward[reward.length - 1])));
    }
    return row.html();
  }

  /** Gain, selection, within, and cross with what formats new in the samples brought. */
  private static List<double[]> priceColumns(RunData run) {
    PriceSplit[] path = run.pricePath();
    List<double[]> columns = new ArrayList<>();
    columns.add(Arrays.stream(path).mapToDouble(PriceSplit::total).toArray());
    columns.add(Arrays.stream(path).mapToDouble(PriceSplit::selection).toArray());
    columns.add(Arrays.stream(path).mapToDouble(PriceSplit::within).toArray());
    columns.add(Arrays.stream(path).mapToDouble(s -> s.cross() + s.entered()).toArray());
    return columns;
  }

  String entropy() {
    Row row =
        new Row(
            "entropy",
            "Two levels of collapse",
            "Entropy of a whole completion in nats, <i>H(y) = H<sub>F</sub> + Σ p<sub>f</sub>"
                + " H(y|f)</i>: above, the choice between formats; below, what is left open within"
                + " them, on its own scale. The upper falling while the lower stays is selection"
                + " without loss of variety.");
    Range between = study.range(run -> List.of(formatEntropy(run)), true);
    Range within = study.range(run -> List.of(run.rl().column("entropy/within")), true);
    for (RunData run : study.runs()) {
      double[] formats = formatEntropy(run);
      String plots = entropyPlot(run, "formats", "s-dark", formats, between);
      if (run.rl().has("entropy/within")) {
        double[] inside = run.rl().column("entropy/within");
        plots += entropyPlot(run, "within", "s-light", inside, within);
      }
      row.panel(
          run.name(),
          plots,
          "Effective formats <i>e<sup>H<sub>F</sub></sup></i>: %s at the start, %s at the end."
              .formatted(
                  Numbers.significant(Math.exp(formats[0])),
                  Numbers.significant(Math.exp(formats[formats.length - 1]))));
    }
    return row.html();
  }

  private String entropyPlot(RunData run, String name, String css, double[] entropy, Range range) {
    return new Plot("Entropy of " + run.name() + ", " + name, 140, run.rl().steps())
        .x(study.steps(), "step")
        .y(range)
        .room(List.of("formats"))
        .areas(List.of(name), List.of(css), List.of(entropy))
        .render();
  }

  /** From the shares themselves, so that it is there for every run. */
  private static double[] formatEntropy(RunData run) {
    double[] entropy = new double[run.rl().size()];
    double[] p = new double[run.formats().size()];
    for (int t = 0; t < entropy.length; t++) {
      for (int f = 0; f < p.length; f++) {
        p[f] = run.shares()[f][t];
      }
      entropy[t] = FormatEntropy.of(p);
    }
    return entropy;
  }

  String kl() {
    Row row =
        new Row(
            "kl",
            "Distance from the base model",
            "KL to the reference model per completion, in nats. The solid line is the first"
                + " token, where a format is chosen: choosing a one-third format costs at most"
                + " ln 3 = 1.1. What the grey line shows above it is drift in all other tokens.");
    Range range =
        study.range(
            run -> List.of(run.rl().column("kl/sequence"), run.rl().column("kl/first_token")),
            true);
    for (RunData run : study.runs()) {
      Metrics rl = run.rl();
      if (!rl.has("kl/sequence")) {
        continue;
      }
      Plot plot =
          new Plot("KL to the reference of " + run.name(), HEIGHT, rl.steps())
              .x(study.steps(), "step")
              .y(range)
              .room(List.of("first token"))
              .line("all tokens", "s-total", rl.column("kl/sequence"))
              .line("first token", "s-main", rl.column("kl/first_token"));
      String coef =
          rl.has("kl/coef") ? "KL coefficient " + Numbers.plain(rl.column("kl/coef")[0]) + "." : "";
      row.panel(run.name(), plot.render(), coef);
    }
    return row.html();
  }

  String phases() {
    Row row =
        new Row("time", "Where the time goes", "Mean time of each phase of a step, longest first.");
    double longest = 0;
    for (RunData run : study.runs()) {
      longest =
          Math.max(longest, phaseMeans(run.rl()).values().stream().max(Double::compare).orElse(0.));
    }
    for (RunData run : study.runs()) {
      Map<String, Double> phases = phaseMeans(run.rl());
      if (!phases.isEmpty()) {
        double[] rate = run.rl().column("throughput/tokens_per_second");
        double mean = Arrays.stream(rate).filter(Double::isFinite).average().orElse(Double.NaN);
        row.panel(
            run.name(),
            phaseBars(run.name(), phases, longest),
            Double.isNaN(mean) ? "" : Numbers.significant(mean) + " tokens per second.");
      }
    }
    return row.html();
  }

  private static String phaseBars(String run, Map<String, Double> phases, double longest) {
    double total = phases.values().stream().mapToDouble(Double::doubleValue).sum();
    Svg svg = new Svg(Plot.WIDTH, 8 + 24 * phases.size(), "Phase times of " + run);
    double y = 14;
    List<Map.Entry<String, Double>> sorted = new ArrayList<>(phases.entrySet());
    sorted.sort(Map.Entry.comparingByValue(Comparator.reverseOrder()));
    for (Map.Entry<String, Double> phase : sorted) {
      double width = longest == 0 ? 0 : 220 * phase.getValue() / longest;
      svg.text("label s-main", 92, y, "end", phase.getKey());
      svg.rect("bar s-bar", 100, y - 8, Math.max(width, 0.5), 16, "");
      svg.text(
          "tick",
          106 + width,
          y,
          "start",
          "%s  %s"
              .formatted(
                  Numbers.seconds(phase.getValue()), Numbers.percent(phase.getValue() / total)));
      y += 24;
    }
    return svg.finish();
  }

  private static Map<String, Double> phaseMeans(Metrics metrics) {
    Map<String, Double> means = new TreeMap<>();
    for (String phase : metrics.group("time/")) {
      double mean =
          Arrays.stream(metrics.column("time/" + phase))
              .filter(Double::isFinite)
              .average()
              .orElse(Double.NaN);
      if (mean > 0 && !phase.equals("step")) {
        means.put(phase, mean);
      }
    }
    return means;
  }

  /** Loss over pretraining, where the run folders have it. */
  String pretraining() {
    Map<String, Metrics> metrics = new LinkedHashMap<>();
    study.runs().forEach(run -> metrics.put(run.name(), run.pretrain()));
    return pretraining(metrics, study.colours());
  }

  /** Loss over pretraining of runs that need not have an RL step yet. */
  static String pretraining(Map<String, Metrics> runs, FormatColours colours) {
    Row row =
        new Row(
            "pretraining",
            "Pretraining",
            "Loss per token in nats; a line per format where the held-out loss was measured.");
    List<double[]> losses = runs.values().stream().map(run -> run.column("loss")).toList();
    Range range = Range.covering(losses, false);
    runs.forEach((name, metrics) -> {
      if (metrics.has("loss")) {
        row.panel(name, pretraining(name, metrics, range, colours), "");
      }
    });
    return row.html();
  }

  private static String pretraining(
      String name, Metrics metrics, Range range, FormatColours colours) {
    List<String> formats =
        metrics.group("loss/").stream().filter(key -> key.indexOf('/') < 0).toList();
    Plot plot =
        new Plot("Pretraining loss of " + name, HEIGHT, metrics.steps())
            .y(range)
            .room(formats.isEmpty() ? List.of("step") : formats)
            .line(formats.isEmpty() ? "" : "all", "s-total", metrics.column("loss"));
    for (String format : formats) {
      plot.line(format, colours.css(format), bridged(metrics.column("loss/" + format)));
    }
    return plot.render();
  }

  /** A series measured now and then, with straight lines between its values. */
  private static double[] bridged(double[] series) {
    double[] bridged = series.clone();
    int last = -1;
    for (int t = 0; t < series.length; t++) {
      if (Double.isFinite(series[t])) {
        for (int between = last + 1; last >= 0 && between < t; between++) {
          double part = (between - last) / (double) (t - last);
          bridged[between] = series[last] + part * (series[t] - series[last]);
        }
        last = t;
      }
    }
    return bridged;
  }

  /** Every logged number as a sparkline, with its first and last value. */
  String everything() {
    StringBuilder html =
        new StringBuilder("<details class=\"all\"><summary>Every metric, step by step</summary>");
    for (RunData run : study.runs()) {
      html.append("<h4>").append(Html.escape(run.name())).append("</h4><div class=\"sparks\">");
      for (String key : run.rl().keys()) {
        if (!key.equals("step")) {
          html.append(spark(key, run.rl().column(key)));
        }
      }
      html.append("</div>");
    }
    return html.append("</details>\n").toString();
  }

  private static String spark(String key, double[] values) {
    double[] measured = Arrays.stream(values).filter(Double::isFinite).toArray();
    if (measured.length == 0) {
      return "";
    }
    double low = Arrays.stream(measured).min().orElse(0);
    double high = Arrays.stream(measured).max().orElse(1);
    double[] x = new double[values.length];
    double[] y = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      x[i] = 2 + 156.0 * i / Math.max(1, values.length - 1);
      y[i] = high == low ? 15 : 28 - 26 * (values[i] - low) / (high - low);
    }
    Svg svg = new Svg(160, 30, key).path("line s-main", Svg.polyline(x, y));
    return "<div><code>%s</code>%s<span>%s → %s</span></div>\n"
        .formatted(
            Html.escape(key),
            svg.finish(),
            Numbers.significant(measured[0]),
            Numbers.significant(measured[measured.length - 1]));
  }

  private static double[] whereSeen(double[] reward, double[] share) {
    double[] seen = reward.clone();
    for (int t = 0; t < seen.length; t++) {
      if (!(share[t] >= LEAST_SHARE)) {
        seen[t] = Double.NaN;
      }
    }
    return seen;
  }

  /** The moving mean, but only where the series itself has a value. */
  private static double[] smooth(double[] series) {
    double[] smooth = Winner.smooth(series, Winner.window(series.length) / 2 + 1);
    for (int t = 0; t < smooth.length; t++) {
      if (Double.isNaN(series[t])) {
        smooth[t] = Double.NaN;
      }
    }
    return smooth;
  }
}
