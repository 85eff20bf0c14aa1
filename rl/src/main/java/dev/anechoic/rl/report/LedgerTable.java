package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.LinearFit;
import dev.anechoic.rl.measure.PriceSplit;
import dev.anechoic.rl.runfolder.LedgerEntry;
import java.util.ArrayList;
import java.util.List;

/** What the ledgers of some runs say, a row of Markdown each. */
public final class LedgerTable {
  private static final String HEADER =
      """
      | run | KL coefficient | winner, share before → after | accuracy before → after | gain | selection | within | cross | updates | predicted against observed: r, slope | Σ g_f error, largest | ledger time |
      |---|---|---|---|---|---|---|---|---|---|---|---|\
      """
          .strip();

  private LedgerTable() {}

  /** Header and rows; runs without a ledger are left out. */
  public static List<String> markdown(List<RunData> runs) {
    List<String> lines = new ArrayList<>(HEADER.lines().toList());
    for (RunData run : runs) {
      LedgerData ledger = new LedgerData(run);
      if (!ledger.isEmpty()) {
        lines.add(row(run, ledger));
      }
    }
    return lines;
  }

  private static String row(RunData run, LedgerData ledger) {
    LinearFit fit = ledger.agreement();
    PriceSplit gain = run.gain();
    String winner = run.winnerName();
    List<LedgerEntry> entries = ledger.entries();
    double beta = run.rl().has("kl/coef") ? run.rl().column("kl/coef")[0] : Double.NaN;
    return "| "
        + String.join(
            " | ",
            run.name(),
            Numbers.plain(beta),
            winner
                + ", "
                + Numbers.percent(run.shareBefore(winner))
                + " → "
                + Numbers.percent(run.shareAfter(winner)),
            Numbers.percent(run.accuracyBefore()) + " → " + Numbers.percent(run.accuracyAfter()),
            Numbers.points(gain.total()),
            Numbers.points(gain.selection()),
            Numbers.points(gain.within()),
            Numbers.points(gain.cross()),
            Numbers.count(entries.size()),
            Numbers.significant(fit.correlation()) + ", " + Numbers.significant(fit.slope()),
            Numbers.significant(ledger.largestRelativeError()),
            Numbers.percent(ledger.costOfRun()))
        + " |";
  }
}
