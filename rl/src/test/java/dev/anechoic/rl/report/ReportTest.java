package dev.anechoic.rl.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.rl.measure.PriceSplit;
import dev.anechoic.rl.runfolder.JsonLines;
import dev.anechoic.rl.runfolder.JsonObject;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.rl.runfolder.Sample;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

final class ReportTest {
  @TempDir Path folder;

  @Test
  void nothingIsLoadedFromElsewhere() {
    String html = Report.of("Study", List.of(SyntheticRun.study(folder))).html();
    String outsideData = html.replaceAll("(?s)<script type=\"application/json\".*?</script>", "");
    assertFalse(
        Pattern.compile("https?://(?!www\\.w3\\.org/2000/svg)").matcher(outsideData).find());
    assertFalse(Pattern.compile("<(script|img|iframe)[^>]* src=").matcher(outsideData).find());
    assertFalse(outsideData.contains("<link rel=\"stylesheet\""));
    assertFalse(outsideData.contains("@import"));
    assertTrue(html.contains("default-src 'none'"));
  }

  @Test
  void bandThatVanishedKeepsItsLabel() {
    double[] code = {0.5, 1, 1};
    double[] text = {0.47, 0, 0};
    double[] none = {0.03, 0, 0};
    String svg =
        new Plot("Shares", 200, new int[] {1, 2, 3})
            .percent()
            .areas(
                List.of("code", "text", "none"),
                List.of("f0", "f1", "f-none"),
                List.of(code, text, none))
            .render();
    assertTrue(svg.contains(">code</text>") && svg.contains(">text</text>"), svg);
    assertFalse(svg.contains(">none</text>"), "never more than a sliver");
  }

  @Test
  void everyChartIsWellFormedAndHasALabel() throws Exception {
    String html = Report.of("Study", List.of(SyntheticRun.study(folder))).html();
    Matcher charts = Pattern.compile("(?s)<svg.*?</svg>").matcher(html);
    int count = 0;
    while (charts.find()) {
      var svg =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new InputSource(new StringReader(charts.group())))
              .getDocumentElement();
      assertFalse(svg.getAttribute("aria-label").isBlank());
      assertFalse(charts.group().contains("NaN"), charts.group());
      assertFalse(charts.group().contains("Infinity"), charts.group());
      count++;
    }
    assertTrue(count > 40, "charts: " + count);
  }

  @Test
  void allPartsOfTheIssueAreThere() {
    String html = Report.of("Study", List.of(SyntheticRun.study(folder))).html();
    for (String id :
        List.of(
            "shares",
            "accuracy",
            "price",
            "entropy",
            "kl",
            "time",
            "formats",
            "passk",
            "majk",
            "solvable",
            "ledger-0",
            "ledger-1-samples",
            "predicted",
            "entropylaw",
            "sigmoid",
            "browser",
            "provenance",
            "pretraining")) {
      assertEquals(2, html.split("id=\"" + id + "\"", -1).length, "id " + id + " once");
    }
    assertTrue(html.contains("abababab"), "hashes");
    assertTrue(html.contains("algorithm = &quot;grpo&quot;"), "configuration");
  }

  @Test
  void runsOfOneNameAreToldApartByTheirFoldersAndKeepTheirOwnTables() throws IOException {
    Path first = SyntheticRun.study(folder.resolve("seed=1"));
    Path second = SyntheticRun.study(folder.resolve("seed=2"));
    Report report = Report.of("Two", List.of(first, second, first));
    List<String> names = report.runs().stream().map(RunData::name).toList();
    assertEquals(
        Set.of(
            "seed=1/synthetic-nano",
            "seed=2/synthetic-nano",
            "seed=1/synthetic-micro",
            "seed=2/synthetic-micro"),
        Set.copyOf(names));
    assertEquals(4, names.size(), "a folder that is given twice counts once");
    report.write(folder.resolve("two.html"));
    try (Stream<Path> files = Files.list(folder)) {
      long tables = files.filter(f -> f.toString().endsWith("-metrics.csv")).count();
      assertEquals(4, tables);
    }
  }

  @Test
  void headlineSaysWhoWonAndWhichDialIsBehindIt() {
    Report report = Report.of("Study", List.of(SyntheticRun.study(folder)));
    RunData nano = report.runs().getFirst();
    assertEquals("synthetic-nano", nano.name(), "smallest first");
    assertEquals("code", nano.winnerName());
    List<String> lines = Printout.lines(nano);
    assertEquals(5, lines.size());
    assertTrue(lines.get(0).contains("code won"), lines.get(0));
    assertTrue(lines.get(3).contains("step " + nano.switchStep().orElseThrow()), lines.get(3));
    assertTrue(lines.get(4).contains("selection +"), lines.get(4));
    String comparison = String.join(" ", Printout.comparison(report.runs()));
    assertTrue(comparison.contains("synthetic-micro ends on text"), comparison);
    assertTrue(comparison.contains("misconception (code 0.2, text 0)"), comparison);
  }

  @Test
  void theSameRunsGiveTheSamePage() {
    Path study = SyntheticRun.study(folder);
    assertEquals(
        Report.of("Study", List.of(study)).html(), Report.of("Study", List.of(study)).html());
  }

  @Test
  void textOfTheModelCannotBreakThePage() {
    Path run = SyntheticRun.write(folder, "hostile", new double[] {0.5, 0.4, 0.2}, 1);
    String attack = "</script><img src=x onerror=alert(1)>\u2028<!--";
    Sample hostile =
        new Sample(
            "x",
            3,
            "rl",
            "p",
            attack,
            attack,
            "code",
            "well_formed",
            "correct",
            1,
            1,
            List.of(attack),
            new double[] {-1},
            new double[0],
            new double[0]);
    try (JsonLines.Appender out = new JsonLines.Appender(run.resolve(RunFolder.SAMPLES))) {
      out.append(hostile::write);
    }
    String html = Report.of("<b>title</b>", List.of(run)).html();
    assertFalse(html.contains("<img src=x"));
    assertTrue(html.contains("&lt;b&gt;title"));
    Matcher data = Pattern.compile("(?s)id=\"sample-data\">(.*?)</script>").matcher(html);
    assertTrue(data.find());
    JsonObject parsed = JsonObject.parse("{\"rows\":" + data.group(1) + "}", "page");
    String completion = parsed.objects("rows").getLast().object("sample").string("completion");
    assertEquals(attack, completion);
  }

  @Test
  void aRunWithMetricsAloneHasAReport() throws IOException {
    Path run = SyntheticRun.write(folder, "bare", new double[] {0.5, 0.4, 0.2}, 1);
    for (String file :
        List.of(
            RunFolder.CONFIG,
            RunFolder.MANIFEST,
            RunFolder.EVAL_BEFORE,
            RunFolder.EVAL_AFTER,
            RunFolder.SAMPLES,
            RunFolder.LEDGER,
            RunFolder.DECISION)) {
      Files.delete(run.resolve(file));
    }
    String html = Report.of("Bare", List.of(run)).html();
    assertTrue(html.contains("id=\"shares\""));
    for (String absent : List.of("id=\"passk\"", "id=\"ledger\"", "id=\"browser\"")) {
      assertFalse(html.contains(absent), absent);
    }
    assertEquals(5, Printout.lines(new RunFolder(run)).size());
  }

  @Test
  void aRunOfOneStepHasAReport() throws IOException {
    Files.writeString(
        folder.resolve(RunFolder.METRICS),
        "{\"step\":47,\"stage\":\"pretrain\",\"loss\":2.5}\n"
            + "{\"step\":1,\"reward\":0.5,\"format/code/share\":1.0,\"format/code/reward\":0.5}\n");
    String html = Report.of("One", List.of(folder)).html();
    assertTrue(html.contains("no switch") || html.contains("No switch"));
    assertFalse(html.contains("NaN"));
  }

  @Test
  void aRunWithoutAnRlStepIsOneClearError() throws IOException {
    Files.writeString(folder.resolve(RunFolder.METRICS), "{\"step\":0,\"stage\":\"pretrain\"}\n");
    UserError error = assertThrows(UserError.class, () -> Report.of("Study", List.of(folder)));
    assertTrue(error.getMessage().contains("1 of stage pretrain"), error.getMessage());
  }

  @Test
  void aRunThatHasNotBegunRlWaitsBesideOneThatHas() throws IOException {
    SyntheticRun.write(folder.resolve("nano"), "begun", new double[] {0.5, 0.4, 0.2}, 1);
    Files.createDirectory(folder.resolve("micro"));
    Files.writeString(
        folder.resolve("micro").resolve(RunFolder.METRICS),
        "{\"step\":0,\"stage\":\"pretrain\",\"loss\":3}\n");
    Report report = Report.of("Study", List.of(folder));
    assertEquals(List.of("micro"), report.waiting());
    assertTrue(report.html().contains("not shown: micro."));
  }

  @Test
  void csvHasEveryMetricAndSummaryTheHeadline() throws IOException {
    Path study = SyntheticRun.study(folder);
    Report report = Report.of("Study", List.of(study));
    report.write(study.resolve("report.html"));
    List<String> csv = Files.readAllLines(study.resolve("synthetic-nano-metrics.csv"));
    assertEquals(61, csv.size());
    assertEquals(csv.get(0).split(",").length, csv.get(1).split(",", -1).length);
    assertTrue(csv.get(0).contains("format/code/share"));
    List<String> eval = Files.readAllLines(study.resolve("synthetic-nano-eval.csv"));
    assertTrue(eval.stream().anyMatch(line -> line.startsWith("after,pass,,16,")));
    assertTrue(eval.stream().anyMatch(line -> line.startsWith("before,maj,,16,")));
    for (String figure :
        List.of(
            "before,coverage", "after,coverage", "change,solved_rl_only", "change,solved_both")) {
      String line = eval.stream().filter(l -> l.startsWith(figure)).findFirst().orElseThrow();
      String[] cells = line.split(",", -1);
      double value = Double.parseDouble(cells[4]);
      assertTrue(Double.parseDouble(cells[5]) <= value, line);
      assertTrue(Double.parseDouble(cells[6]) >= value, line);
    }
    JsonObject summary = JsonLines.readObject(study.resolve("nano").resolve(RunFolder.SUMMARY));
    assertEquals("code", summary.string("winner"));
    assertEquals(
        summary.number("gain"),
        summary.number("gain_selection")
            + summary.number("gain_within")
            + summary.number("gain_cross")
            + summary.number("gain_entered"),
        1e-12);
  }

  @Test
  void tableForDocumentsHoldsTheFiguresOfTheEvaluations() throws IOException {
    Path study = SyntheticRun.study(folder);
    Report report = Report.of("Study", List.of(study));
    report.write(study.resolve("report.html"));
    List<String> table = Files.readAllLines(study.resolve("report.md"));
    assertEquals("| before RL → after | synthetic-nano | synthetic-micro |", table.get(0));
    RunData nano = report.runs().getFirst();
    String share = table.stream().filter(l -> l.startsWith("| share of code |")).findAny().get();
    List<Double> shares = firstNumbers(share.split("\\|")[2]);
    assertEquals(100 * nano.shareBefore("code"), shares.get(0), 0.051);
    assertEquals(100 * nano.shareAfter("code"), shares.get(1), 0.051);
    String solved =
        table.stream().filter(l -> l.startsWith("| problems solved")).findAny().orElseThrow();
    int sum = 0;
    for (String count : solved.split("\\|")[2].split("/")) {
      sum += Integer.parseInt(count.strip());
    }
    assertEquals(nano.before().orElseThrow().problems(), sum);
    for (String figure : List.of("accuracy, greedy", "pass@16", "maj@16", "accuracy of text")) {
      assertTrue(table.stream().anyMatch(l -> l.startsWith("| " + figure + " |")), figure);
    }
  }

  /** Of "30.1 (25.0 to 35.2) % → 40.0 (...) %": 30.1 and 40.0. */
  private static List<Double> firstNumbers(String cell) {
    return Pattern.compile("([\\d.]+) \\(")
        .matcher(cell)
        .results()
        .map(match -> Double.parseDouble(match.group(1)))
        .toList();
  }

  @Test
  void gainOfARunOfThreeStepsIsSplit() throws IOException {
    StringBuilder metrics = new StringBuilder();
    for (int step = 1; step <= 3; step++) {
      double code = 0.25 + 0.25 * step;
      metrics.append(
          ("{\"step\":%d,\"reward\":%s,\"format/code/share\":%s,\"format/code/reward\":1,"
                  + "\"format/text/share\":%s,\"format/text/reward\":0}\n")
              .formatted(step, code, code, 1 - code));
    }
    Files.writeString(folder.resolve(RunFolder.METRICS), metrics);
    PriceSplit[] path = new RunData(new RunFolder(folder)).pricePath();
    assertEquals(0, path[0].total());
    assertEquals(0.25, path[1].selection(), 1e-12);
    assertEquals(0.5, path[2].selection(), 1e-12);
    assertEquals(0.5, path[2].total(), 1e-12);
  }

  @Test
  void figuresOfAnEvaluationComeFromItsAnswers() {
    Path run = SyntheticRun.write(folder, "run", new double[] {0.5, 0.4, 0.2}, 1);
    RunData data = new RunData(new RunFolder(run));
    EvalFigures before = data.before().orElseThrow();
    double shares = 0;
    double accuracy = 0;
    for (int f = 0; f < data.formats().size(); f++) {
      shares += before.shares()[f];
      accuracy += before.shares()[f] > 0 ? before.shares()[f] * before.accuracies()[f] : 0;
    }
    assertEquals(1, shares, 1e-12);
    assertEquals(before.accuracy().value(), accuracy, 1e-12);
    assertEquals(before.accuracy().value(), before.passAtK(1).value(), 1e-12);
    assertEquals(before.accuracy().value(), before.majAtK(1).value(), 1e-9);
    assertEquals(16, before.largestK());
    assertArrayEquals(new int[] {1, 2, 4, 8, 16}, before.powersOfTwo());
    assertTrue(before.passAtK(16).value() > before.passAtK(2).value());
    assertTrue(before.accuracy().interval().low() < accuracy);
    assertEquals(data.accuracyAfter() - data.accuracyBefore(), data.gain().total(), 1e-12);
  }
}
