package dev.anechoic.rl.report;

import dev.anechoic.rl.runfolder.RunFolder;
import java.util.ArrayList;
import java.util.List;

/** The five lines per run that {@code demo} and {@code study} print. */
public final class Printout {
  private Printout() {}

  /** Five lines: who won, its share, the accuracy, the switch, and what the gain was made of. */
  public static List<String> lines(RunData run) {
    List<String> lines = new ArrayList<>();
    lines.add("%-8s %s".formatted(run.name(), Headline.outcome(run)));
    for (String text :
        List.of(
            Headline.shares(run),
            Headline.accuracy(run),
            Headline.switchStep(run),
            Headline.selection(run))) {
      lines.add("         " + text);
    }
    return lines;
  }

  /** The lines of a finished run folder. */
  public static List<String> lines(RunFolder folder) {
    return lines(new RunData(folder));
  }

  /** The closing lines over several runs: whether they agree, and which dial is behind it. */
  public static List<String> comparison(List<RunData> runs) {
    return Headline.comparison(runs);
  }
}
