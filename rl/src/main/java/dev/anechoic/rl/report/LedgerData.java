package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.LinearFit;
import dev.anechoic.rl.runfolder.LedgerEntry;
import dev.anechoic.rl.runfolder.LedgerEntry.Movement;
import dev.anechoic.rl.runfolder.LedgerEntry.Push;
import dev.anechoic.rl.runfolder.LedgerEntry.SamplePush;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** The ledger of one run, with its updates summed by step. */
final class LedgerData {
  private final RunData run;
  private final List<LedgerEntry> entries;
  private final TreeMap<Integer, List<LedgerEntry>> byStep = new TreeMap<>();

  /**
   * A part of the pushes on one format.
   *
   * @param source format whose samples push
   * @param term loss term
   * @param push first-order change in the target's log-odds, nats
   * @param fresh its part by the gradients of the moment; the rest came through momentum
   */
  record Part(String source, String term, double push, double fresh) {}

  LedgerData(RunData run) {
    this.run = run;
    entries = run.ledger();
    entries.forEach(e -> byStep.computeIfAbsent(e.step(), s -> new ArrayList<>()).add(e));
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  List<LedgerEntry> entries() {
    return entries;
  }

  int[] steps() {
    return byStep.keySet().stream().mapToInt(Integer::intValue).toArray();
  }

  /** The loss terms that push at all, in the order in which the ledger names them. */
  List<String> terms() {
    Set<String> terms = new LinkedHashSet<>();
    for (LedgerEntry entry : entries) {
      for (Push push : entry.pushes()) {
        if (push.logOdds().keySet().stream().anyMatch(target -> push.on(target) != 0)) {
          terms.add(push.term());
        }
      }
    }
    return List.copyOf(terms);
  }

  /** Pushes of one source and term on a target, summed by step [T]. */
  double[] pushes(String source, String term, String target) {
    double[] sums = new double[byStep.size()];
    int t = 0;
    for (List<LedgerEntry> updates : byStep.values()) {
      for (LedgerEntry entry : updates) {
        for (Push push : entry.pushes()) {
          if (push.format().equals(source) && push.term().equals(term)) {
            sums[t] += push.on(target);
          }
        }
      }
      t++;
    }
    return sums;
  }

  /** Pushes of one source through all terms on a target, summed by step and up to each step [T]. */
  double[] pushesSoFar(String source, String target) {
    double[] sums = new double[byStep.size()];
    for (String term : terms()) {
      double[] pushes = pushes(source, term, target);
      Arrays.setAll(sums, t -> sums[t] + pushes[t]);
    }
    Arrays.parallelPrefix(sums, Double::sum);
    return sums;
  }

  /** Advantage mass of a format's samples in the policy term, summed by step [T]. */
  double[] advantageMass(String source) {
    double[] sums = new double[byStep.size()];
    int t = 0;
    for (List<LedgerEntry> updates : byStep.values()) {
      for (LedgerEntry entry : updates) {
        for (Push push : entry.pushes()) {
          boolean counts = push.format().equals(source) && push.term().equals("policy");
          sums[t] += counts && Double.isFinite(push.advantageMass()) ? push.advantageMass() : 0;
        }
      }
      t++;
    }
    return sums;
  }

  /** The pairs of formats whose cosine was logged. */
  List<String> cosinePairs() {
    Set<String> pairs = new LinkedHashSet<>();
    entries.forEach(entry -> pairs.addAll(entry.cosines().keySet()));
    return List.copyOf(pairs);
  }

  /** Cosine of a pair of formats, mean over the updates of each step [T]. */
  double[] cosine(String pair) {
    return byStep.values().stream()
        .mapToDouble(updates ->
            updates.stream()
                .mapToDouble(entry -> entry.cosines().getOrDefault(pair, Double.NaN))
                .filter(Double::isFinite)
                .average()
                .orElse(Double.NaN))
        .toArray();
  }

  /** Change of a format's log-odds by step, observed or predicted [T]; NaN where not measured. */
  double[] movement(String format, boolean observed) {
    double[] sums = new double[byStep.size()];
    int t = 0;
    for (List<LedgerEntry> updates : byStep.values()) {
      for (LedgerEntry entry : updates) {
        sums[t] +=
            movementOf(entry, format)
                .map(m -> observed ? m.observed() : m.predicted())
                .orElse(Double.NaN);
      }
      t++;
    }
    return sums;
  }

  /** Predicted against observed change over all updates and formats. */
  LinearFit agreement() {
    List<double[]> pairs = new ArrayList<>();
    for (LedgerEntry entry : entries) {
      entry.movements().forEach(m -> pairs.add(new double[] {m.predicted(), m.observed()}));
    }
    return LinearFit.of(
        pairs.stream().mapToDouble(pair -> pair[0]).toArray(),
        pairs.stream().mapToDouble(pair -> pair[1]).toArray());
  }

  /** The update at which first order was furthest off, and by how much. */
  Optional<Map.Entry<LedgerEntry, Double>> worst(String format) {
    Map<LedgerEntry, Double> errors = new LinkedHashMap<>();
    for (LedgerEntry entry : entries) {
      movementOf(entry, format)
          .map(m -> Math.abs(m.observed() - m.predicted()))
          .filter(Double::isFinite)
          .ifPresent(error -> errors.put(entry, error));
    }
    return errors.entrySet().stream().max(Map.Entry.comparingByValue());
  }

  private static Optional<Movement> movementOf(LedgerEntry entry, String format) {
    return entry.movements().stream().filter(m -> m.format().equals(format)).findFirst();
  }

  /** First and last step of the switch: a twentieth of the run on either side of it. */
  int[] switchSteps() {
    int[] steps = steps();
    int middle = run.switchStep().orElse(steps[steps.length / 2]);
    int half = Math.max(1, steps.length / 20);
    return new int[] {
      Math.max(steps[0], middle - half), Math.min(steps[steps.length - 1], middle + half)
    };
  }

  private boolean atSwitch(LedgerEntry entry) {
    int[] window = switchSteps();
    return entry.step() >= window[0] && entry.step() <= window[1];
  }

  /** First step, and the last step of the switch; the whole run where there is none. */
  int[] stepsToSwitch() {
    int[] steps = steps();
    boolean none = run.switchStep().isEmpty();
    return new int[] {steps[0], none ? steps[steps.length - 1] : switchSteps()[1]};
  }

  private boolean upToSwitch(LedgerEntry entry) {
    return entry.step() <= stepsToSwitch()[1];
  }

  /** Pushes on a format up to the switch by source and term, largest first. */
  List<Part> partsToSwitch(String target) {
    Map<List<String>, double[]> sums = new LinkedHashMap<>();
    entries.stream()
        .filter(this::upToSwitch)
        .flatMap(entry -> entry.pushes().stream())
        .forEach(push -> {
          double[] sum =
              sums.computeIfAbsent(List.of(push.format(), push.term()), k -> new double[2]);
          sum[0] += push.on(target);
          sum[1] += push.logOdds().getOrDefault(target, 0.0);
        });
    List<Part> parts = new ArrayList<>();
    sums.forEach((key, sum) -> parts.add(new Part(key.get(0), key.get(1), sum[0], sum[1])));
    parts.sort(Comparator.comparingDouble((Part part) -> -Math.abs(part.push())));
    return parts;
  }

  /** Momentum of nobody known, or decay, on a format up to the switch. */
  double otherToSwitch(String target, boolean momentum) {
    return entries.stream()
        .filter(this::upToSwitch)
        .mapToDouble(entry -> other(entry, target, momentum))
        .sum();
  }

  private static double other(LedgerEntry entry, String target, boolean momentum) {
    double value =
        movementOf(entry, target).map(m -> momentum ? m.momentum() : m.decay()).orElse(0.0);
    return Double.isFinite(value) ? value : 0;
  }

  /** Momentum of updates that were not watched on a format, summed by step [T]. */
  double[] unattributed(String target) {
    return byStep(entry -> other(entry, target, true));
  }

  /** Weight decay on a format, summed by step [T]. */
  double[] decay(String target) {
    return byStep(entry -> other(entry, target, false));
  }

  /** {@code −∂L/∂z} of a format's opening at the deciding token, summed by step [T]. */
  double[] pullOnLogit(String target) {
    return byStep(entry ->
        entry.pushes().stream()
            .mapToDouble(push -> -push.logitGradient().getOrDefault(target, 0.0))
            .sum());
  }

  /**
   * Norm over completions of {@code ∂L/∂z} of a format's opening, over the updates of a step [T].
   */
  double[] normAtLogit(String target) {
    double[] squares =
        byStep(entry ->
            entry.pushes().stream()
                .mapToDouble(push -> push.logitNorm().getOrDefault(target, 0.0))
                .map(norm -> norm * norm)
                .sum());
    return Arrays.stream(squares).map(Math::sqrt).toArray();
  }

  private double[] byStep(ToDoubleFunction<LedgerEntry> value) {
    return byStep.values().stream()
        .mapToDouble(updates -> updates.stream().mapToDouble(value).sum())
        .toArray();
  }

  /**
   * Share of the movements that stand out, those above the median in size, of which the prediction
   * missed more than half.
   */
  double missed() {
    List<Movement> all = entries.stream().flatMap(entry -> entry.movements().stream()).toList();
    double[] sizes = all.stream().mapToDouble(m -> Math.abs(m.observed())).sorted().toArray();
    double median = sizes.length == 0 ? 0 : sizes[sizes.length / 2];
    List<Movement> large = all.stream().filter(m -> Math.abs(m.observed()) > median).toList();
    long missed =
        large.stream()
            .filter(m -> Math.abs(m.observed() - m.predicted()) > Math.abs(m.observed()) / 2)
            .count();
    return large.isEmpty() ? Double.NaN : (double) missed / large.size();
  }

  /** Change of a format's log-odds up to the switch, observed or predicted. */
  double movementToSwitch(String format, boolean observed) {
    return entries.stream()
        .filter(this::upToSwitch)
        .mapToDouble(entry ->
            movementOf(entry, format)
                .map(m -> observed ? m.observed() : m.predicted())
                .orElse(Double.NaN))
        .sum();
  }

  /** The completions that pushed hardest during the switch, largest first, each once. */
  List<SamplePush> samplesAtSwitch(int limit) {
    Map<String, SamplePush> largest = new LinkedHashMap<>();
    entries.stream()
        .filter(this::atSwitch)
        .flatMap(entry -> entry.samples().stream())
        .sorted(Comparator.comparingDouble(sample -> -Math.abs(sample.push())))
        .forEach(sample -> largest.putIfAbsent(sample.id(), sample));
    return largest.values().stream().limit(limit).toList();
  }

  /** Names of the layers, in model order. */
  List<String> layers() {
    return entries.stream()
        .flatMap(entry -> entry.pushes().stream())
        .map(push -> List.copyOf(push.layers().keySet()))
        .filter(names -> !names.isEmpty())
        .findFirst()
        .orElse(List.of());
  }

  /** Mean norm of a format's policy gradient in each layer during the switch [L]. */
  double[] layerNorms(String format, List<String> layers) {
    double[] norms = new double[layers.size()];
    int count = 0;
    for (LedgerEntry entry : entries) {
      for (Push push : entry.pushes()) {
        if (atSwitch(entry) && push.format().equals(format) && push.term().equals("policy")) {
          count++;
          for (int l = 0; l < norms.length; l++) {
            norms[l] += push.layers().getOrDefault(layers.get(l), 0.0);
          }
        }
      }
    }
    double n = count;
    return Arrays.stream(norms).map(norm -> n == 0 ? Double.NaN : norm / n).toArray();
  }

  /** The largest relative error of the sum of the parts over the run. */
  double largestRelativeError() {
    return entries.stream()
        .mapToDouble(LedgerEntry::relativeError)
        .filter(Double::isFinite)
        .max()
        .orElse(Double.NaN);
  }

  /** Time of the ledger as a fraction of the update time. */
  double cost() {
    double ledger = entries.stream().mapToDouble(LedgerEntry::seconds).sum();
    double all = entries.stream().mapToDouble(LedgerEntry::stepSeconds).sum();
    return ledger / all;
  }

  /** Time of the ledger as a fraction of all time of the steps, rollout included. */
  double costOfRun() {
    double[] ledger = run.rl().column("time/ledger");
    double all = 0;
    for (String key : run.rl().keys()) {
      if (key.startsWith("time/")) {
        all += Arrays.stream(run.rl().column(key)).filter(Double::isFinite).sum();
      }
    }
    return Arrays.stream(ledger).filter(Double::isFinite).sum() / all;
  }
}
