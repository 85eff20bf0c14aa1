package dev.anechoic.bench;

import dev.anechoic.bench.peer.Engine;
import dev.anechoic.bench.peer.Peer;
import dev.anechoic.bench.peer.Work;
import dev.anechoic.model.UserError;
import dev.anechoic.model.transformer.Preset;
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
 * an event is one check. Rounds of a step differ by far more than all of its checks take, so their
 * number is counted in a recording and the price of one is measured by itself, which bounds their
 * cost. While something is recorded, the step is timed with it.
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
      defaultValue = "10",
      description = "seconds before each measurement (default: ${DEFAULT-VALUE})")
  private double warmupSeconds;

  @Option(
      names = "--seconds",
      defaultValue = "5",
      description = "seconds of each measurement (default: ${DEFAULT-VALUE})")
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
    List<Rounds> off = new ArrayList<>();
    Engine engine = new Engine();
    out.println(engine.open(used));
    for (Work work : works) {
      off.add(measure(engine, work).rounds);
    }
    double check = secondsPerCheck();
    FlightRecorder.getFlightRecorder(); // from here on a check costs more, and a backend is traced
    Engine traced = new Engine();
    traced.open(used);
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < works.size(); i++) {
      Work work = works.get(i);
      Recorded on = recorded(traced, work);
      rows.add(row(work, "nothing recorded", off.get(i)));
      rows.add(row(work, "recorded", on.rounds));
      rows.subList(rows.size() - 2, rows.size()).forEach(row -> row.print(out));
      // A thread that finds no task left has checked and records nothing.
      print(out, on.events * used, check, off.get(i), on.rounds);
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

  private static void print(
      PrintWriter out, double checks, double check, Rounds off, Rounds recorded) {
    out.printf(
        Locale.ROOT,
        "  nothing recorded: at most %.0f checks of %.2f ns, %.5f %% of the step;"
            + " recorded: %.1f %% of it; median and best round differ by %.1f %%%n",
        checks,
        1e9 * check,
        100 * checks * check / off.median(),
        100 * (1 - off.median() / recorded.median()),
        100 * (off.median() / off.best() - 1));
    out.flush();
  }

  private static Row row(Work work, String recording, Rounds rounds) {
    return new Row(
        work.name(),
        work.shape() + ", " + recording,
        work.rate(rounds.median()),
        work.rate(rounds.best()),
        work.unit(),
        Double.NaN,
        rounds.allocatedBytes());
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

  /** A measurement and how many runs it took. */
  private record Measured(Rounds rounds, long runs) {}

  /** A measurement under a recording, with the checked events per run. */
  private record Recorded(Rounds rounds, double events) {}

  private Measured measure(Engine engine, Work work) {
    long[] runs = {0};
    try (Peer.Prepared prepared = Objects.requireNonNull(engine.prepare(work))) {
      Rounds rounds =
          Rounds.measure(
              () -> {
                prepared.run();
                runs[0]++;
              },
              warmupSeconds,
              seconds);
      return new Measured(rounds, runs[0]);
    }
  }

  private Recorded recorded(Engine engine, Work work) {
    try (Recording recording = new Recording()) {
      ALL.forEach(recording::enable);
      recording.start();
      Measured measured = measure(engine, work);
      recording.stop();
      Path file = Files.createTempFile("anechoic-trace", ".jfr");
      try {
        recording.dump(file);
        return new Recorded(measured.rounds, (double) events(file) / measured.runs);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long events(Path file) throws IOException {
    long events = 0;
    try (RecordingFile recording = new RecordingFile(file)) {
      while (recording.hasMoreEvents()) {
        events += CHECKED.contains(recording.readEvent().getEventType().getName()) ? 1 : 0;
      }
    }
    return events;
  }
}
