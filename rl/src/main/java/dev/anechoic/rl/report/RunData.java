package dev.anechoic.rl.report;

import dev.anechoic.model.UserError;
import dev.anechoic.rl.measure.Interval;
import dev.anechoic.rl.measure.PriceSplit;
import dev.anechoic.rl.measure.SolvableTable;
import dev.anechoic.rl.measure.Winner;
import dev.anechoic.rl.runfolder.Decision;
import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.runfolder.LedgerEntry;
import dev.anechoic.rl.runfolder.Manifest;
import dev.anechoic.rl.runfolder.Metrics;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.rl.runfolder.Sample;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** One run, read and computed: what all parts of the report share. */
public final class RunData {
  private final RunFolder folder;
  private final String name;
  private final Metrics rl;
  private final Metrics pretrain;
  private final Optional<Manifest> manifest;
  private final List<String> formats;
  private final Optional<EvalFigures> before;
  private final Optional<EvalFigures> after;
  private final Winner winner;
  private final double[][] shares;
  private final double[][] rewards;

  /** Reads a run under its own name. */
  public RunData(RunFolder folder) {
    this(folder, folder.name());
  }

  /**
   * Reads a run.
   *
   * @param name what the report calls it
   * @throws UserError where a file is damaged, or no RL step with format shares is there yet
   */
  RunData(RunFolder folder, String name) {
    this.folder = folder;
    this.name = name;
    manifest = folder.manifest();
    rl = folder.metrics("rl");
    pretrain = folder.metrics("pretrain");
    Optional<Evaluation> rawBefore = folder.evalBefore();
    formats = formats(rawBefore);
    if (rl.size() == 0 || formats.isEmpty()) {
      throw UserError.what("The run has no RL step with format shares yet")
          .where(folder.file(RunFolder.METRICS))
          .expected("lines of stage rl with keys format/NAME/share")
          .got(rl.size() + " lines of stage rl, " + pretrain.size() + " of stage pretrain")
          .remedy("Wait for the first RL step, or run rl; watch shows a run from its first step.");
    }
    before = rawBefore.map(e -> new EvalFigures(e, formats));
    after = folder.evalAfter().map(e -> new EvalFigures(e, formats));
    shares = columns("share");
    rewards = columns("reward");
    winner = Winner.of(shares);
  }

  /** Whether the run has an RL step with format shares, without which there is no report. */
  static boolean hasStarted(RunFolder folder) {
    return !folder.metrics("rl").formats().isEmpty();
  }

  private List<String> formats(Optional<Evaluation> evaluation) {
    Set<String> all = new LinkedHashSet<>();
    manifest.ifPresent(m -> all.addAll(m.formats()));
    evaluation.ifPresent(e -> all.addAll(e.formats()));
    List<String> logged = rl.formats();
    logged.stream().filter(f -> !FormatColours.isResidue(f)).forEach(all::add);
    List<String> ordered = new ArrayList<>(all);
    for (String residue : FormatColours.RESIDUES) {
      boolean inEvaluation = evaluation.stream().anyMatch(e -> occurs(residue, e));
      if (logged.contains(residue) || inEvaluation) {
        ordered.add(residue);
      }
    }
    return logged.isEmpty() ? List.of() : ordered;
  }

  private static boolean occurs(String format, Evaluation evaluation) {
    return evaluation.problems().stream()
        .flatMap(problem -> problem.samples().stream())
        .anyMatch(answer -> answer.format().equals(format));
  }

  private double[][] columns(String key) {
    double[][] columns = new double[formats.size()][];
    for (int f = 0; f < columns.length; f++) {
      columns[f] = rl.column("format/" + formats.get(f) + "/" + key);
    }
    return columns;
  }

  public RunFolder folder() {
    return folder;
  }

  public String name() {
    return name;
  }

  /** Metrics of stage {@code rl}. */
  public Metrics rl() {
    return rl;
  }

  public Metrics pretrain() {
    return pretrain;
  }

  public Optional<Manifest> manifest() {
    return manifest;
  }

  /** All formats, those of the mixture first, then {@code mixed} and {@code none}. */
  public List<String> formats() {
    return formats;
  }

  /** The formats of the mixture alone. */
  public List<String> realFormats() {
    return formats.stream().filter(f -> !FormatColours.isResidue(f)).toList();
  }

  public Optional<EvalFigures> before() {
    return before;
  }

  public Optional<EvalFigures> after() {
    return after;
  }

  public Winner winner() {
    return winner;
  }

  public String winnerName() {
    return formats.get(winner.format());
  }

  /** The step of the switch; empty where the winner's share rose too little for one. */
  public OptionalInt switchStep() {
    return stepAt(winner.switchIndex());
  }

  /**
   * The step that ends the largest rise of reward over two windows ({@link Winner#window}),
   * smoothed over two windows as well: reward is noisier than a share.
   */
  public OptionalInt steepestRewardStep() {
    int window = Winner.window(rl.size());
    return stepAt(Winner.steepest(Winner.smooth(rl.column("reward"), window), 2 * window));
  }

  private OptionalInt stepAt(OptionalInt index) {
    return index.isPresent() ? OptionalInt.of(rl.steps()[index.getAsInt()]) : index;
  }

  public int firstStep() {
    return rl.steps()[0];
  }

  public int lastStep() {
    return rl.steps()[rl.size() - 1];
  }

  /** Share per format and step [F,T]. */
  public double[][] shares() {
    return shares;
  }

  /** Mean reward per format and step [F,T]; NaN where a format had no completion. */
  public double[][] rewards() {
    return rewards;
  }

  /** True where both evaluations are there, so that before and after are theirs. */
  public boolean evaluated() {
    return before.isPresent() && after.isPresent();
  }

  /** Share of a format before RL: of the evaluation's samples, else of the first steps. */
  public double shareBefore(String format) {
    return before
        .map(e -> e.share(format).value())
        .orElseGet(() -> windowMean(shares[formats.indexOf(format)], true));
  }

  /** Share of a format after RL: of the evaluation's samples, else of the last steps. */
  public double shareAfter(String format) {
    return after
        .map(e -> e.share(format).value())
        .orElseGet(() -> windowMean(shares[formats.indexOf(format)], false));
  }

  /** Accuracy before RL: of the evaluation's samples, else mean reward of the first steps. */
  public double accuracyBefore() {
    return before
        .map(e -> e.accuracy().value())
        .orElseGet(() -> windowMean(rl.column("reward"), true));
  }

  /** Accuracy after RL: of the evaluation's samples, else mean reward of the last steps. */
  public double accuracyAfter() {
    return after
        .map(e -> e.accuracy().value())
        .orElseGet(() -> windowMean(rl.column("reward"), false));
  }

  /** The change between the evaluations split, or, without them, the change along the run. */
  public PriceSplit gain() {
    if (evaluated()) {
      EvalFigures b = before.orElseThrow();
      EvalFigures a = after.orElseThrow();
      return PriceSplit.between(b.shares(), b.accuracies(), a.shares(), a.accuracies());
    }
    PriceSplit[] path = pricePath();
    return path[path.length - 1];
  }

  private boolean sameProblems() {
    return evaluated() && before.orElseThrow().ids().equals(after.orElseThrow().ids());
  }

  /** Which problems were ever solved; empty without two evaluations of the same problems. */
  Optional<SolvableTable> solvable() {
    return sameProblems()
        ? Optional.of(
            SolvableTable.of(before.orElseThrow().correct(), after.orElseThrow().correct()))
        : Optional.empty();
  }

  /**
   * 95 % intervals of the gain and of its selection part, resampling problems; empty without two
   * evaluations of the same problems.
   */
  public Optional<GainIntervals> gainIntervals() {
    if (!sameProblems()) {
      return Optional.empty();
    }
    EvalFigures b = before.orElseThrow();
    EvalFigures a = after.orElseThrow();
    return Optional.of(
        new GainIntervals(
            Interval.bootstrap(b.resamples(), i -> split(b, a, i).total()),
            Interval.bootstrap(b.resamples(), i -> split(b, a, i).selection())));
  }

  /**
   * Intervals of a gain.
   *
   * @param total of ΔR
   * @param selection of its selection part
   */
  public record GainIntervals(Interval total, Interval selection) {}

  private static PriceSplit split(EvalFigures b, EvalFigures a, int[] indices) {
    double[][] from = b.resampled(indices);
    double[][] to = a.resampled(indices);
    return PriceSplit.between(from[0], from[1], to[0], to[1]);
  }

  /**
   * The Price split of the change from the first steps to those before each step [T]: both ends are
   * means over five steps, or over a quarter of a short run, and no sum over steps is formed.
   * Summing the splits of single steps would add up their sampling noise, since share and reward of
   * one step share its prompts.
   */
  public PriceSplit[] pricePath() {
    int steps = rl.size();
    int window = Math.clamp(steps / 4, 1, 5);
    PriceSplit[] path = new PriceSplit[steps];
    for (int t = 0; t < steps; t++) {
      double[][] now = meansOver(Math.max(0, t - window + 1), t + 1);
      double[][] start = meansOver(0, window);
      path[t] =
          t < window - 1 ? PriceSplit.NONE : PriceSplit.between(start[0], start[1], now[0], now[1]);
    }
    return path;
  }

  /** Share and mean reward of each format over the steps from..to-1: [2,F], NaN without samples. */
  private double[][] meansOver(int from, int to) {
    double[] p = new double[formats.size()];
    double[] q = new double[formats.size()];
    for (int f = 0; f < p.length; f++) {
      double rewarded = 0;
      for (int t = from; t < to; t++) {
        if (shares[f][t] > 0 && !Double.isNaN(rewards[f][t])) {
          p[f] += shares[f][t] / (to - from);
          rewarded += shares[f][t] * rewards[f][t] / (to - from);
        }
      }
      q[f] = p[f] > 0 ? rewarded / p[f] : Double.NaN;
    }
    return new double[][] {p, q};
  }

  public List<Sample> samples() {
    return folder.samples();
  }

  public List<LedgerEntry> ledger() {
    return folder.ledger();
  }

  public List<Decision> decisions() {
    return folder.decisions();
  }

  private static double windowMean(double[] series, boolean start) {
    int window = Winner.window(series.length);
    double sum = 0;
    for (int i = 0; i < window; i++) {
      sum += series[start ? i : series.length - 1 - i];
    }
    return sum / window;
  }
}
