package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.EntropyLaw;
import dev.anechoic.rl.measure.FormatEntropy;
import dev.anechoic.rl.measure.PathModel;
import dev.anechoic.rl.measure.SigmoidFit;
import dev.anechoic.rl.measure.StaticPrediction;
import dev.anechoic.rl.runfolder.Metrics;
import java.util.Arrays;
import java.util.List;

/** What theory says from the base model's shares and accuracies alone, next to what happened. */
final class PredictionCharts {
  private static final double FIT_FRACTION = 0.5;
  private static final double PATH_TIME = 400;
  private static final int PATH_STEPS = 4000;

  private final Study study;

  PredictionCharts(Study study) {
    this.study = study;
  }

  String all() {
    return winners() + entropyLaw() + sigmoid();
  }

  String winners() {
    Row row =
        new Row(
            "predicted",
            "Predicted and observed winner",
            "From the base model's shares p and accuracies q alone. <b>Static</b> is the optimum"
                + " of the KL-regularised objective, <i>π*(f) ∝ p(1 + q(e<sup>1/β</sup> −"
                + " 1))</i>. <b>Path</b> follows softmax policy gradient,"
                + " <i>dz/dt = p(q − q̄)</i>, up to the format entropy that was observed.");
    for (RunData run : study.runs()) {
      List<String> formats = run.realFormats();
      double[] p = formats.stream().mapToDouble(run::shareBefore).toArray();
      double[] q =
          formats.stream()
              .mapToDouble(f -> run.before().map(e -> e.accuracy(f).value()).orElse(Double.NaN))
              .toArray();
      double[] observed = formats.stream().mapToDouble(run::shareAfter).toArray();
      double sum = Arrays.stream(p).sum();
      if (run.before().isEmpty() || !(sum > 0) || hasGap(p, q)) {
        continue;
      }
      Arrays.setAll(p, f -> p[f] / sum);
      double beta = run.rl().has("kl/coef") ? run.rl().column("kl/coef")[0] : Double.NaN;
      row.panel(
          run.name(),
          table(formats, p, q, beta, observed),
          "KL coefficient β = %s; the largest share of a column is bold."
              .formatted(Numbers.plain(beta)));
    }
    return row.html();
  }

  /** A format that occurs without a known accuracy, or does not occur, has no prediction. */
  private static boolean hasGap(double[] p, double[] q) {
    for (int f = 0; f < p.length; f++) {
      if (!(p[f] > 0) || Double.isNaN(q[f])) {
        return true;
      }
    }
    return false;
  }

  private String table(
      List<String> formats, double[] p, double[] q, double beta, double[] observed) {
    double[] statics =
        Double.isNaN(beta) ? new double[p.length] : StaticPrediction.shares(p, q, beta);
    if (Double.isNaN(beta)) {
      Arrays.fill(statics, Double.NaN);
    }
    double[] path = pathAt(p, q, observed);
    StringBuilder html =
        new StringBuilder(
            "<div class=\"scroll\"><table><thead><tr><th></th><th>p before</th><th>q before</th>"
                + "<th>static</th><th>path</th><th>observed</th></tr></thead><tbody>");
    for (int f = 0; f < p.length; f++) {
      html.append("<tr><th>").append(study.coloured(formats.get(f))).append("</th>");
      html.append("<td>").append(Numbers.percent(p[f])).append("</td>");
      html.append("<td>").append(Numbers.percent(q[f])).append("</td>");
      for (double[] column : List.of(statics, path, observed)) {
        boolean wins = column[f] == Arrays.stream(column).max().orElse(Double.NaN);
        html.append(wins ? "<td class=\"wins\">" : "<td>")
            .append(Numbers.percent(column[f]))
            .append("</td>");
      }
      html.append("</tr>");
    }
    return html.append("</tbody></table></div>").toString();
  }

  /** The path's shares when its format entropy first falls to the observed one. */
  private static double[] pathAt(double[] p, double[] q, double[] observed) {
    double total = Arrays.stream(observed).sum();
    double target = FormatEntropy.of(Arrays.stream(observed).map(s -> s / total).toArray());
    double[][] path = PathModel.integrate(p, q, PATH_TIME, PATH_STEPS);
    for (double[] shares : path) {
      if (FormatEntropy.of(shares) <= target) {
        return shares;
      }
    }
    return path[PATH_STEPS];
  }

  String entropyLaw() {
    Row row =
        new Row(
            "entropylaw",
            "Reward bought with entropy",
            "Mean reward against <i>e<sup>H</sup></i>, H the policy's entropy per token; each dot"
                + " is a step. The law <i>R = −a e<sup>H</sup> + b</i> is a straight line here."
                + " The forecast is fitted on the first half of the run and judged on the"
                + " second.");
    for (RunData run : study.runs()) {
      Metrics rl = run.rl();
      if (!rl.has("entropy") || rl.size() < 4) {
        continue;
      }
      double[] entropy = rl.column("entropy");
      double[] reward = rl.column("reward");
      EntropyLaw law = EntropyLaw.fit(entropy, reward, FIT_FRACTION);
      double[] x = Arrays.stream(entropy).map(Math::exp).toArray();
      Range xs = Range.covering(List.of(x), false);
      Range ys = Range.covering(List.of(reward), false);
      int[] steps = rl.steps();
      Plot plot =
          new Plot("Reward against entropy of " + run.name(), 230, x)
              .x(xs, "exp(H)")
              .xText(Numbers::plain)
              .y(ys)
              .room(List.of("exp(H)"))
              .points("s-dot", reward, i -> "step " + steps[(int) i]);
      if (Double.isFinite(law.a())) {
        double from = Math.log(Math.max(xs.low(), 1e-9));
        double to = Math.log(xs.high());
        plot.rule(xs.low(), law.at(from), xs.high(), law.at(to));
      }
      row.panel(
          run.name(),
          plot.render(),
          "a = %s, b = %s, residual %s; forecast error %s (reward units)."
              .formatted(
                  Numbers.significant(law.a()),
                  Numbers.significant(law.b()),
                  Numbers.significant(law.rmse()),
                  Numbers.significant(law.forecastRmse())));
    }
    return row.html();
  }

  String sigmoid() {
    Row row =
        new Row(
            "sigmoid",
            "Reward against compute",
            "Dots are steps, the line the saturating fit <i>R = R₀ + (A − R₀) / (1 + (C"
                + "<sub>mid</sub>/C)<sup>B</sup>)</i>: A is where the run is heading.");
    for (RunData run : study.runs()) {
      Metrics rl = run.rl();
      double[] compute = rl.column("compute/flops");
      double[] reward = rl.column("reward");
      if (rl.size() < 8 || hasGap(compute, reward)) {
        continue;
      }
      SigmoidFit fit = SigmoidFit.fit(compute, reward, reward[0]); // the base's own, at step 1
      int[] steps = rl.steps();
      Plot plot =
          new Plot("Reward against compute of " + run.name(), 230, compute)
              .x(new Range(0, compute[compute.length - 1]), "FLOPs")
              .xText(Numbers::plain)
              .y(Range.covering(List.of(reward), false))
              .room(List.of("FLOPs"))
              .points("s-dot", reward, i -> "step " + steps[(int) i]);
      if (fit.converged()) {
        plot.line("fit", "s-main", Arrays.stream(compute).map(fit::at).toArray());
      }
      row.panel(
          run.name(),
          plot.render(),
          fit.converged()
              ? "Asymptote A = %s, steepness B = %s, half the gain at %s FLOPs; residual %s."
                  .formatted(
                      Numbers.significant(fit.asymptote()),
                      Numbers.significant(fit.exponent()),
                      Numbers.significant(fit.midpoint()),
                      Numbers.significant(fit.rmse()))
              : "No curve fits: the rewards of this run do not tell where it would level off.");
    }
    return row.html();
  }
}
