package dev.anechoic.rl.report;

import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.runfolder.RunFolder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The outcomes of a sweep: one line of CSV per run, and a table per setting over its seeds. */
public final class SweepTable {
  private static final String HEADER =
      "cell,model,winner,share_before,share_after,accuracy_before,accuracy_after,"
          + "pass_at_k_before,pass_at_k_after,kl_sequence,formats_left";

  /** Formats with at least this share are still there. */
  private static final double LEFT = 0.05;

  /** Steps at the end of a run that its KL is the mean of; a twelfth of the run if that is less. */
  private static final int KL_STEPS = 5;

  private static final int KL_PART = 12;

  private record Entry(String setting, String cell, Outcome outcome) {}

  /**
   * How a run ended.
   *
   * @param winner the format of the largest share after RL, with its shares before and after
   * @param k of pass@k
   * @param kl mean over the last steps, nats per completion
   * @param formatsLeft formats with a share of at least 5 %
   */
  private record Outcome(
      String model,
      String winner,
      double shareBefore,
      double shareAfter,
      double accuracyBefore,
      double accuracyAfter,
      int k,
      double passBefore,
      double passAfter,
      double kl,
      int formatsLeft) {}

  private final List<Entry> entries = new ArrayList<>();

  /**
   * Adds a run, unless it is not complete.
   *
   * @param setting what the runs of one line of the table have in common
   * @param cell name of the cell
   */
  public void add(String setting, String cell, RunFolder run) {
    Outcome outcome = outcome(run);
    if (outcome != null) {
      entries.add(new Entry(setting, cell, outcome));
    }
  }

  private static @Nullable Outcome outcome(RunFolder run) {
    Evaluation before = run.evalBefore().orElse(null);
    Evaluation after = run.evalAfter().orElse(null);
    if (before == null || after == null) {
      return null;
    }
    List<String> formats = new ArrayList<>(after.formats());
    EvalFigures first = new EvalFigures(before, formats);
    EvalFigures last = new EvalFigures(after, formats);
    String winner = formats.getFirst();
    int left = 0;
    for (String format : formats) {
      winner = last.share(format).value() > last.share(winner).value() ? format : winner;
      left += last.share(format).value() >= LEFT ? 1 : 0;
    }
    int k = Math.min(first.largestK(), last.largestK());
    return new Outcome(
        run.path().getFileName().toString(),
        winner,
        first.share(winner).value(),
        last.share(winner).value(),
        first.accuracy().value(),
        last.accuracy().value(),
        k,
        first.passAtK(k).value(),
        last.passAtK(k).value(),
        lastKl(run),
        left);
  }

  private static double lastKl(RunFolder run) {
    double[] kl = run.metrics("rl").column("kl/sequence");
    int last = Math.clamp(kl.length / KL_PART, 1, KL_STEPS);
    return Arrays.stream(kl).skip(Math.max(0, kl.length - last)).average().orElse(Double.NaN);
  }

  /** A header, and a line per run. */
  public List<String> csv() {
    List<String> lines = new ArrayList<>(List.of(HEADER));
    for (Entry entry : entries) {
      Outcome o = entry.outcome;
      lines.add(
          String.format(
              Locale.ROOT,
              "%s,%s,%s,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,%d",
              entry.cell.replace(',', ';'),
              o.model,
              o.winner,
              o.shareBefore,
              o.shareAfter,
              o.accuracyBefore,
              o.accuracyAfter,
              o.passBefore,
              o.passAfter,
              o.kl,
              o.formatsLeft));
    }
    return lines;
  }

  /** A Markdown table: per setting the winners, and means with least and greatest over the runs. */
  public List<String> markdown() {
    Map<String, List<Outcome>> bySetting = new LinkedHashMap<>();
    for (Entry entry : entries) {
      String key = entry.setting + " | " + entry.outcome.model;
      bySetting.computeIfAbsent(key, _ -> new ArrayList<>()).add(entry.outcome);
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "| setting | model | winner in runs | its share before | its share after"
            + " | accuracy before | accuracy after | pass@k before | pass@k after"
            + " | KL, nats | formats left |");
    lines.add("|---|---|---|---|---|---|---|---|---|---|---|");
    bySetting.forEach((setting, runs) ->
        lines.add(
            "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |"
                .formatted(
                    setting,
                    winners(runs),
                    percent(runs, Outcome::shareBefore),
                    percent(runs, Outcome::shareAfter),
                    percent(runs, Outcome::accuracyBefore),
                    percent(runs, Outcome::accuracyAfter),
                    percent(runs, Outcome::passBefore) + ", k = " + runs.getFirst().k,
                    percent(runs, Outcome::passAfter),
                    spread(runs, Outcome::kl, 1, "%.2f"),
                    spread(runs, Outcome::formatsLeft, 1, "%.1f"))));
    return lines;
  }

  private static String winners(List<Outcome> runs) {
    Map<String, Long> counts =
        runs.stream()
            .collect(Collectors.groupingBy(Outcome::winner, TreeMap::new, Collectors.counting()));
    return counts.entrySet().stream()
        .map(e -> e.getKey() + " " + e.getValue())
        .collect(Collectors.joining(", "));
  }

  private static String percent(List<Outcome> runs, ToDoubleFunction<Outcome> field) {
    return spread(runs, field, 100, "%.1f") + " %";
  }

  /** {@code mean (least to greatest)}; the mean alone for one run. */
  private static String spread(
      List<Outcome> runs, ToDoubleFunction<Outcome> field, double factor, String format) {
    var statistics = runs.stream().mapToDouble(field).map(x -> factor * x).summaryStatistics();
    String mean = String.format(Locale.ROOT, format, statistics.getAverage());
    return runs.size() == 1
        ? mean
        : mean
            + String.format(
                Locale.ROOT,
                " (" + format + " to " + format + ")",
                statistics.getMin(),
                statistics.getMax());
  }
}
