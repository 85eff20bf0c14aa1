package dev.anechoic.rl.report;

import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.runfolder.Metrics;
import dev.anechoic.rl.runfolder.RunFolder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The outcome of each run of a sweep, one line of CSV each. */
public final class SweepTable {
  /** The header of the lines. */
  public static final String HEADER =
      "cell,model,winner,share_before,share_after,accuracy_before,accuracy_after,"
          + "pass_at_k_before,pass_at_k_after,kl_sequence,formats_left";

  private SweepTable() {}

  /**
   * One run as a line, or null where it is not complete.
   *
   * @param cell name of the cell; its commas become semicolons
   */
  public static @Nullable String line(String cell, RunFolder run) {
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
      left += last.share(format).value() >= 0.05 ? 1 : 0;
    }
    int k = Math.min(first.largestK(), last.largestK());
    return String.format(
        Locale.ROOT,
        "%s,%s,%s,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,%d",
        cell.replace(',', ';'),
        run.path().getFileName(),
        winner,
        first.share(winner).value(),
        last.share(winner).value(),
        first.accuracy().value(),
        last.accuracy().value(),
        first.passAtK(k).value(),
        last.passAtK(k).value(),
        lastKl(run),
        left);
  }

  /** Mean over the last five steps, nats per completion. */
  private static double lastKl(RunFolder run) {
    Metrics metrics = run.metrics("rl");
    double[] kl = metrics.column("kl/sequence");
    int from = Math.max(0, kl.length - 5);
    double sum = 0;
    for (int i = from; i < kl.length; i++) {
      sum += kl[i];
    }
    return kl.length == 0 ? Double.NaN : sum / (kl.length - from);
  }
}
