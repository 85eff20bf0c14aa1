package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.Interval;
import dev.anechoic.rl.measure.PriceSplit;
import dev.anechoic.rl.measure.Winner;
import dev.anechoic.rl.runfolder.Manifest;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** What happened, in sentences. The same words stand in the report and in the printout. */
public final class Headline {
  private static final double DOMINANT = 0.9;
  private static final double MAJORITY = 0.5;
  private static final double TINY = 0.005;

  private Headline() {}

  /** Who won and how clearly, such as {@code code won}. */
  public static String outcome(RunData run) {
    String winner = run.winnerName();
    double share = run.shareAfter(winner);
    if (FormatColours.isResidue(winner)) {
      return "no format won: the largest class is '" + winner + "'";
    }
    if (run.switchStep().isEmpty() && share - run.shareBefore(winner) < Winner.LEAST_RISE) {
      return winner + " stays ahead, without a switch";
    }
    if (share >= DOMINANT) {
      return winner + " won outright";
    }
    return share >= MAJORITY ? winner + " won" : winner + " leads without a majority";
  }

  /** The winner's share before and after. */
  public static String shares(RunData run) {
    String winner = run.winnerName();
    return "share of %s %s → %s"
        .formatted(
            winner,
            Numbers.percent(run.shareBefore(winner)),
            Numbers.percent(run.shareAfter(winner)));
  }

  /** Accuracy before and after, with the interval of the change where there is one. */
  public static String accuracy(RunData run) {
    String text =
        "accuracy %s → %s"
            .formatted(Numbers.percent(run.accuracyBefore()), Numbers.percent(run.accuracyAfter()));
    Optional<RunData.GainIntervals> intervals = run.gainIntervals();
    return intervals.isEmpty()
        ? text
        : "%s (%s, 95 %% interval %s)"
            .formatted(
                text, Numbers.points(run.gain().total()), pointRange(intervals.get().total()));
  }

  /** When the switch fell. */
  public static String switchStep(RunData run) {
    OptionalInt step = run.switchStep();
    if (step.isEmpty()) {
      return "no switch: the winner's share in training rose by less than %s"
          .formatted(Numbers.percent(Winner.LEAST_RISE));
    }
    OptionalInt reward = run.steepestRewardStep();
    String together =
        reward.isEmpty() ? "" : "; reward rose fastest up to step " + reward.getAsInt();
    return "the switch fell at step %d of %d%s"
        .formatted(step.getAsInt(), run.lastStep(), together);
  }

  /** Whether accuracy changed by more than its uncertainty, so that there is a gain to split. */
  static boolean changed(RunData run) {
    return Math.abs(run.gain().total()) >= TINY
        && run.gainIntervals()
            .map(intervals -> intervals.total().low() > 0 || intervals.total().high() < 0)
            .orElse(true);
  }

  /** How much of the gain was selection between formats. */
  public static String selection(RunData run) {
    PriceSplit gain = run.gain();
    if (!changed(run)) {
      return "no gain to split: accuracy moved by %s, which is within its uncertainty"
          .formatted(Numbers.points(gain.total()));
    }
    String parts =
        "selection %s, within formats %s, both at once %s"
            .formatted(
                Numbers.points(gain.selection()),
                Numbers.points(gain.within()),
                Numbers.points(gain.cross()));
    if (gain.entered() != 0) {
      parts += ", formats new in the samples " + Numbers.points(gain.entered());
    }
    String whole = gain.total() > 0 ? "of the gain of " : "of the loss of ";
    return whole + Numbers.points(gain.total()) + ": " + parts;
  }

  /** What several runs show together; empty with one run. */
  public static List<String> comparison(List<RunData> runs) {
    List<String> sentences = new ArrayList<>();
    if (runs.size() < 2) {
      return sentences;
    }
    Set<String> winners = new LinkedHashSet<>();
    runs.forEach(run -> winners.add(run.winnerName()));
    if (winners.size() == 1) {
      String all = runs.size() == 2 ? "Both" : "All " + runs.size();
      sentences.add(all + " runs end on " + winners.iterator().next() + ".");
      return sentences;
    }
    List<String> ends = new ArrayList<>();
    runs.forEach(run -> ends.add(run.name() + " ends on " + run.winnerName()));
    sentences.add("The runs end on different formats: " + String.join(", ", ends) + ".");
    dials(runs, winners).ifPresent(sentences::add);
    return sentences;
  }

  /** The dials of the mixture in which the winners differ. */
  private static Optional<String> dials(List<RunData> runs, Set<String> winners) {
    Optional<Manifest> manifest = runs.getFirst().manifest();
    if (manifest.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Map<String, Double>> dials = manifest.get().dials();
    Set<String> names = new LinkedHashSet<>();
    winners.forEach(winner -> names.addAll(dials.getOrDefault(winner, Map.of()).keySet()));
    List<String> differing = new ArrayList<>();
    for (String name : names) {
      List<String> values = new ArrayList<>();
      Set<Double> distinct = new LinkedHashSet<>();
      for (String winner : winners) {
        double value = dials.getOrDefault(winner, Map.of()).getOrDefault(name, 0.0);
        distinct.add(value);
        values.add(winner + " " + Numbers.plain(value));
      }
      if (distinct.size() > 1) {
        differing.add(name.replace('_', ' ') + " (" + String.join(", ", values) + ")");
      }
    }
    return Optional.of(
        differing.isEmpty()
            ? "In the mixture these formats have the same dials, so the cause is not one of them."
            : "In the mixture these formats differ by design in "
                + String.join(" and ", differing)
                + ": dials that were set, not found.");
  }

  private static String pointRange(Interval interval) {
    String low = Numbers.points(interval.low()).replace(" points", "");
    return low + " to " + Numbers.points(interval.high()).replace(" points", "");
  }
}
