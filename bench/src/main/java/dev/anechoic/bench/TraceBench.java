package dev.anechoic.bench;

import dev.anechoic.bench.peer.Engine;
import dev.anechoic.bench.peer.Peer;
import dev.anechoic.bench.peer.Work;
import dev.anechoic.model.UserError;
import dev.anechoic.model.transformer.Preset;
import dev.anechoic.rl.measure.Quantile;
import dev.anechoic.tensor.trace.TaskEvent;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code anechoic bench trace}: what the events for Flight Recorder cost. While nothing is recorded
 * an event is one check. Steps differ by far more than all of their checks take, so their number is
 * counted in a recording and the price of one is measured by itself, which bounds their cost. What
 * recording costs is the median over pairs of steps, one plain and one recorded.
 */
@Command(
    name = "trace",
    mixinStandardHelpOptions = true,
    description = "Measures what the events for Flight Recorder cost, off and on.")
final class TraceBench implements Runnable {
  private static final List<Work> WORKS =
      List.of(
          new Work.Train(Preset.MICRO, 512, 64, 96),
          new Work.Rollout(Preset.MICRO, 512, 256, 32, 64),
          new Work.Ppo(Preset.MICRO, 512, 128, 32, 48));

  /** Events whose check is also made while nothing is recorded; ops are then not looked at. */
  private static final Set<String> CHECKED =
      Set.of("anechoic.Task", "anechoic.Phase", "anechoic.Step");

  private static final List<String> ALL =
      List.of("anechoic.Op", "anechoic.Task", "anechoic.Phase", "anechoic.Step");

  private static final int CHECKS = 50_000_000;

  /** Pairs of steps, however short the time. */
  private static final int LEAST_PAIRS = 4;

  @Option(
      names = "--work",
      paramLabel = "NAME",
      description = "train, rollout or ppo alone; all of them by default")
  private @Nullable String name;

  @Option(
      names = "--threads",
      defaultValue = "0",
      description = "threads; 0 for one per core (default: ${DEFAULT-VALUE})")
  private int threads;

  @Option(
      names = "--warmup",
      defaultValue = "15",
      description = "seconds of pairs before those that count (default: ${DEFAULT-VALUE})")
  private double warmupSeconds;

  @Option(
      names = "--seconds",
      defaultValue = "20",
      description = "seconds of the pairs that count (default: ${DEFAULT-VALUE})")
  private double seconds;

  @Option(names = "--json", paramLabel = "FILE", description = "where rows go as JSON")
  private @Nullable Path json;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  TraceBench() {}

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    int used = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    List<Work> works = works();
    Engine plain = new Engine();
    out.println(plain.open(used));
    double check = secondsPerCheck();
    FlightRecorder.getFlightRecorder(); // from here on a check costs more, and a backend is traced
    Engine traced = new Engine();
    traced.open(used);
    List<Row> rows = new ArrayList<>();
    for (Work work : works) {
      Measured measured = measure(plain, traced, work);
      rows.add(row(work, "nothing recorded", measured.off));
      rows.add(row(work, "recorded", measured.on));
      rows.subList(rows.size() - 2, rows.size()).forEach(row -> row.print(out));
      // A thread that finds no task left has checked and records nothing.
      print(out, measured, measured.events * used, check);
    }
    Row.write(json, rows);
  }

  private List<Work> works() {
    List<Work> works = WORKS.stream().filter(w -> name == null || w.name().equals(name)).toList();
    if (works.isEmpty()) {
      throw UserError.what("There is no such work")
          .where("--work")
          .expected("one of " + WORKS.stream().map(Work::name).toList())
          .got(String.valueOf(name))
          .remedy("Name one of these, or leave the flag out for all of them.");
    }
    return works;
  }

  private static void print(PrintWriter out, Measured measured, long checks, double check) {
    double[] cost = measured.cost();
    out.printf(
        Locale.ROOT,
        "  nothing recorded: at most %d checks of %.2f ns, %.5f %% of the step%n"
            + "  recorded: %.1f %% slower, the median of %d pairs; half of them lie between %.1f and"
            + " %.1f %%; %d events per step%n",
        checks,
        1e9 * check,
        100 * checks * check / measured.off.median(),
        100 * Quantile.of(cost, 0.5),
        cost.length,
        100 * Quantile.of(cost, 0.25),
        100 * Quantile.of(cost, 0.75),
        measured.recorded);
    out.flush();
  }

  private static Row row(Work work, String recording, Side side) {
    return new Row(
        work.name(),
        work.shape() + ", " + recording,
        work.rate(side.median()),
        work.rate(side.best()),
        work.unit(),
        Double.NaN,
        side.fewestBytes);
  }

  /** Seconds of one check while nothing is recorded, in a loop that does nothing else. */
  private static double secondsPerCheck() {
    double best = Double.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      long since = System.nanoTime();
      for (int i = 0; i < CHECKS; i++) {
        if (TaskEvent.start() != null) {
          throw new IllegalStateException("Flight Recorder records: start without it");
        }
      }
      best = Math.min(best, (System.nanoTime() - since) * 1e-9 / CHECKS);
    }
    return best;
  }

  /** One step of a pair, plain or recorded: its times. */
  private static final class Side {
    private final List<Double> seconds = new ArrayList<>();
    private long fewestBytes = Long.MAX_VALUE;

    private void time(Peer.Prepared step) {
      long bytes = Rounds.heapBytes();
      long since = System.nanoTime();
      step.run();
      seconds.add((System.nanoTime() - since) * 1e-9);
      fewestBytes = Math.min(fewestBytes, Rounds.heapBytes() - bytes);
    }

    private double[] times() {
      return seconds.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private double median() {
      return Quantile.of(times(), 0.5);
    }

    private double best() {
      return Quantile.of(times(), 0);
    }
  }

  /** Both sides of all pairs; events per step: those whose check is always made, and all. */
  private record Measured(Side off, Side on, long events, long recorded) {
    /** By what fraction the recorded step of each pair took longer. */
    private double[] cost() {
      double[] off = this.off.times();
      double[] cost = on.times();
      for (int i = 0; i < cost.length; i++) {
        cost[i] = cost[i] / off[i] - 1;
      }
      return cost;
    }
  }

  /**
   * Steps in pairs, one plain and one recorded, in alternating order: a machine that grows faster
   * or slower, and a compiler that is not done, then favour neither.
   */
  private Measured measure(Engine plain, Engine traced, Work work) {
    try (Peer.Prepared off = Objects.requireNonNull(plain.prepare(work));
        Peer.Prepared on = Objects.requireNonNull(traced.prepare(work))) {
      pairs(off, on, 1, warmupSeconds);
      long[] events = events(on);
      Side[] sides = pairs(off, on, LEAST_PAIRS, seconds);
      return new Measured(sides[0], sides[1], events[0], events[1]);
    }
  }

  private static Side[] pairs(Peer.Prepared off, Peer.Prepared on, int least, double seconds) {
    Side plain = new Side();
    Side recorded = new Side();
    long until = System.nanoTime() + (long) (seconds * 1e9);
    for (int pair = 0; pair < least || System.nanoTime() < until; pair++) {
      if (pair % 2 == 0) {
        plain.time(off);
      }
      try (Recording _ = recording()) {
        recorded.time(on);
      }
      if (pair % 2 == 1) {
        plain.time(off);
      }
    }
    return new Side[] {plain, recorded};
  }

  private static Recording recording() {
    Recording recording = new Recording();
    ALL.forEach(recording::enable);
    recording.start();
    return recording;
  }

  /** Events of one step: those of {@link #CHECKED}, and all of ours. */
  private static long[] events(Peer.Prepared step) {
    try (Recording recording = recording()) {
      step.run();
      recording.stop();
      Path file = Files.createTempFile("anechoic-trace", ".jfr");
      try {
        recording.dump(file);
        return events(file);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long[] events(Path file) throws IOException {
    long checked = 0;
    long all = 0;
    try (RecordingFile recording = new RecordingFile(file)) {
      while (recording.hasMoreEvents()) {
        String name = recording.readEvent().getEventType().getName();
        checked += CHECKED.contains(name) ? 1 : 0;
        all += ALL.contains(name) ? 1 : 0;
      }
    }
    return new long[] {checked, all};
  }
}
