package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.PriceSplit;
import dev.anechoic.rl.runfolder.JsonLines;
import dev.anechoic.rl.runfolder.RunFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Builds the report: one HTML file that needs nothing but a browser, CSV tables beside it, and
 * {@code summary.json} in each run folder.
 */
public final class Report {
  private final Study study;

  private Report(Study study) {
    this.study = study;
  }

  /**
   * Reads the runs under some folders; see {@link RunFolder#find}.
   *
   * @param title name of the study, shown as the page's title
   */
  public static Report of(String title, List<Path> folders) {
    return new Report(Study.of(title, RunFolder.find(folders)));
  }

  /** The runs of the report. */
  public List<RunData> runs() {
    return study.runs();
  }

  /** Names of the runs that have no RL step yet, and so no place in the report. */
  public List<String> waiting() {
    return study.waiting();
  }

  /** Writes the page, its tables beside it (CSV, and NAME.md for documents), and the summaries. */
  public void write(Path htmlFile) {
    JsonLines.writeFile(htmlFile, html());
    Path folder = Optional.ofNullable(htmlFile.getParent()).orElse(Path.of("."));
    for (RunData run : study.runs()) {
      CsvExport.write(run, folder, fileName(run.name()));
      Summary.write(run);
    }
    List<String> table = BeforeAfterTable.markdown(study.runs());
    if (!table.isEmpty()) {
      String page = String.valueOf(htmlFile.getFileName());
      JsonLines.writeFile(
          folder.resolve(page.replaceFirst("\\.html?$", "") + ".md"),
          String.join("\n", table) + "\n");
    }
  }

  private static String fileName(String name) {
    return name.replaceAll("[^A-Za-z0-9._-]", "_");
  }

  /** The page. */
  public String html() {
    TrainingCharts training = new TrainingCharts(study);
    StringBuilder body = new StringBuilder();
    List<String[]> parts = new ArrayList<>();
    part(body, parts, "training", "What happened", training.all());
    part(body, parts, "evaluation", "Before and after", new EvaluationCharts(study).all());
    part(body, parts, "ledger", "Why: the ledger of pushes", new LedgerCharts(study).all());
    part(body, parts, "theory", "Prediction and observation", new PredictionCharts(study).all());
    part(body, parts, "samples-part", "Samples", new SampleBrowser(study).html());
    part(
        body,
        parts,
        "provenance",
        "Provenance",
        training.pretraining() + new Provenance(study).html() + training.everything());
    return Page.html(study.title(), "'none'", top(parts) + body + "</main>", "report.js");
  }

  private static void part(
      StringBuilder body, List<String[]> parts, String id, String title, String content) {
    if (!content.isEmpty()) {
      parts.add(new String[] {id, title});
      body.append("<section class=\"part\" id=\"%s\"><h2>%s</h2>\n".formatted(id, title))
          .append(content)
          .append("</section>\n");
    }
  }

  private String top(List<String[]> parts) {
    StringBuilder html = new StringBuilder("<nav><span>");
    html.append(Html.escape(study.title())).append("</span>");
    for (String[] part : parts) {
      html.append("<a href=\"#%s\">%s</a>".formatted(part[0], part[1].split(":")[0]));
    }
    html.append(
        "<button type=\"button\" id=\"theme\" aria-label=\"Switch between light and dark\">"
            + "◐</button></nav><main><header class=\"top\"><h1>");
    html.append(Html.escape(study.title())).append("</h1>");
    html.append("<p class=\"deck\">").append(deck()).append("</p>");
    if (!study.waiting().isEmpty()) {
      html.append("<p class=\"aside\">Without an RL step yet, and so not shown: ")
          .append(Html.escape(String.join(", ", study.waiting())))
          .append(".</p>");
    }
    html.append("<div class=\"cards\">");
    study.runs().forEach(run -> html.append(card(run)));
    return html.append("</div></header>\n").toString();
  }

  /** The whole study in one or two sentences. */
  private String deck() {
    List<String> comparison = Headline.comparison(study.runs());
    if (!comparison.isEmpty()) {
      return Html.escape(String.join(" ", comparison));
    }
    RunData run = study.runs().getFirst();
    return Html.escape(sentence(Headline.outcome(run)) + " " + sentence(Headline.switchStep(run)));
  }

  private String card(RunData run) {
    PriceSplit gain = run.gain();
    String winner = run.winnerName();
    String css = study.colours().css(winner);
    String preset =
        run.manifest()
            .filter(m -> m.parameters() > 0)
            .map(m -> Numbers.count(m.parameters()) + " parameters, " + m.algorithm())
            .orElse("");
    return """
    <article class="card %s"><p class="run">%s <span>%s</span></p><p class="outcome">%s</p>
    <dl class="figures">%s%s%s%s</dl><p class="words">%s %s</p></article>
    """
        .formatted(
            css,
            Html.escape(run.name()),
            Html.escape(preset),
            outcome(run),
            figure(
                "share of " + winner,
                Numbers.percent(run.shareBefore(winner)),
                Numbers.percent(run.shareAfter(winner))),
            figure(
                "accuracy",
                Numbers.percent(run.accuracyBefore()),
                Numbers.percent(run.accuracyAfter())),
            figure(
                "switch",
                "",
                run.switchStep().isPresent() ? "step " + run.switchStep().getAsInt() : "none"),
            figure(
                "gain by selection",
                "",
                gain.total() > 0 && Headline.changed(run)
                    ? Numbers.percent(gain.selectionShare())
                    : Numbers.ABSENT),
            Html.escape(sentence(Headline.accuracy(run)) + " " + sentence(Headline.selection(run))),
            Html.escape(sentence(Headline.switchStep(run))));
  }

  private String outcome(RunData run) {
    String words = Html.escape(Headline.outcome(run));
    String winner = Html.escape(run.winnerName());
    return words.startsWith(winner)
        ? study.coloured(run.winnerName()) + words.substring(winner.length())
        : words;
  }

  private static String figure(String name, String before, String after) {
    String from = before.isEmpty() ? "" : "<span>" + before + " → </span>";
    return "<div><dt>%s</dt><dd>%s%s</dd></div>".formatted(Html.escape(name), from, after);
  }

  private static String sentence(String clause) {
    return Character.toUpperCase(clause.charAt(0)) + clause.substring(1) + ".";
  }
}
