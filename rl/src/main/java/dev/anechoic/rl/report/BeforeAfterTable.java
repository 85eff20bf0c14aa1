package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.Interval;
import dev.anechoic.rl.measure.PriceSplit;
import dev.anechoic.rl.report.EvalFigures.Figure;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The figures before and after RL as a Markdown table, a column per run: what a document quotes.
 * Brackets hold 95 % intervals.
 */
final class BeforeAfterTable {
  private final List<RunData> runs;
  private final List<String> lines = new ArrayList<>();

  private BeforeAfterTable(List<RunData> runs) {
    this.runs = runs;
  }

  /** The table, of the runs with both evaluations; empty without any. */
  static List<String> markdown(List<RunData> runs) {
    List<RunData> evaluated = runs.stream().filter(RunData::evaluated).toList();
    return evaluated.isEmpty() ? List.of() : new BeforeAfterTable(evaluated).build();
  }

  private List<String> build() {
    line("before RL → after", RunData::name);
    line("---", run -> "---");
    Set<String> formats = new LinkedHashSet<>();
    runs.forEach(run -> formats.addAll(run.formats()));
    formats.forEach(f -> figures("share of " + f, eval -> eval.share(f)));
    formats.forEach(f -> figures("accuracy of " + f, eval -> eval.accuracy(f)));
    figures("accuracy, sampled", EvalFigures::accuracy);
    figures("accuracy, greedy", EvalFigures::greedy);
    int k = runs.stream().mapToInt(BeforeAfterTable::largestK).min().orElseThrow();
    figures("pass@" + k, eval -> eval.passAtK(k));
    figures("maj@" + k, eval -> eval.majAtK(k));
    formats.forEach(f -> figures("accuracy of " + f + ", forced", eval -> eval.forced(f)));
    line("problems solved by both / base only / RL only / neither", BeforeAfterTable::solvable);
    line("gain in accuracy, points", BeforeAfterTable::gain);
    line("of it selection / within / both at once", BeforeAfterTable::split);
    line(
        "switch",
        run -> run.switchStep().isPresent() ? "step " + run.switchStep().getAsInt() : "none");
    return lines;
  }

  private static int largestK(RunData run) {
    return Math.min(run.before().orElseThrow().largestK(), run.after().orElseThrow().largestK());
  }

  private void line(String head, Function<RunData, String> cell) {
    lines.add("| " + head + " | " + String.join(" | ", runs.stream().map(cell).toList()) + " |");
  }

  /** A line of one figure; left out where no run has it. */
  private void figures(String head, Function<EvalFigures, Figure> figure) {
    boolean measured =
        runs.stream()
            .flatMap(run -> Stream.of(run.before(), run.after()))
            .map(eval -> figure.apply(eval.orElseThrow()))
            .anyMatch(f -> Double.isFinite(f.value()));
    if (measured) {
      line(
          head,
          run ->
              text(figure.apply(run.before().orElseThrow()))
                  + " → "
                  + text(figure.apply(run.after().orElseThrow())));
    }
  }

  private static String text(Figure figure) {
    if (!Double.isFinite(figure.value())) {
      return Numbers.ABSENT;
    }
    Interval interval = figure.interval();
    return Numbers.format(
        "%.1f (%.1f to %.1f) %%",
        100 * figure.value(), 100 * interval.low(), 100 * interval.high());
  }

  private static String solvable(RunData run) {
    return run.solvable()
        .map(table ->
            "%d / %d / %d / %d"
                .formatted(table.both(), table.baseOnly(), table.rlOnly(), table.neither()))
        .orElse(Numbers.ABSENT);
  }

  private static String gain(RunData run) {
    Optional<RunData.GainIntervals> intervals = run.gainIntervals();
    String total = signed(run.gain().total());
    return intervals.isEmpty()
        ? total
        : "%s (%s to %s)"
            .formatted(
                total,
                signed(intervals.get().total().low()),
                signed(intervals.get().total().high()));
  }

  private static String split(RunData run) {
    PriceSplit gain = run.gain();
    return "%s / %s / %s"
        .formatted(signed(gain.selection()), signed(gain.within()), signed(gain.cross()));
  }

  private static String signed(double fraction) {
    return Numbers.points(fraction).replace(" points", "");
  }
}
