package dev.anechoic.rl.cli;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.report.SweepTable;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.rl.study.StudyConfig;
import dev.anechoic.rl.study.SweepConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code anechoic sweep CONFIG --out DIR}: a grid of studies in a pool of processes. With {@code
 * --index K} it runs one cell in this process, so that an array job of a cluster runs the same
 * file; {@code --table} then collects what they made. Cells share corpora and bases by hash; a
 * finished cell is skipped, one that was cut off goes on.
 */
@Command(
    name = "sweep",
    mixinStandardHelpOptions = true,
    description = "Runs a grid of studies, here or one cell per job of a cluster.")
final class SweepCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CONFIG", description = "TOML file of the grid, as configs/sweep-*.toml")
  private Path config;

  @Option(names = "--out", required = true, description = "folder of the results")
  private Path out;

  @Option(
      names = "--data",
      paramLabel = "NAME=PATH",
      description =
          "gsm8k=PATH takes the problems from GSM8K instead of the generator;"
              + " svamp=PATH takes the held-out ones from SVAMP")
  private List<String> data = new ArrayList<>();

  @Option(names = "--index", paramLabel = "K", description = "run cell K alone, counted from 0")
  private @Nullable Integer index;

  @Option(names = "--table", description = "run nothing: the table of the cells that are finished")
  private boolean tableOnly;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description = "cells at a time (default: one per core, each with one thread)")
  private @Nullable Integer jobs;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  SweepCommand() {}

  @Override
  public Integer call() {
    if (jobs != null && jobs < 1) {
      throw UserError.what("There must be room for one cell")
          .where("--jobs")
          .expected("at least 1")
          .got(jobs)
          .remedy("Leave the flag out for one cell per core.");
    }
    SweepConfig sweep = Config.load(SweepConfig.class, config, List.of());
    for (int cell = 0; cell < sweep.cells(); cell++) {
      study(sweep, cell); // a typo in a late cell shows before the first one runs
    }
    if (tableOnly) {
      table(sweep);
      return 0;
    }
    if (index != null) {
      return runCell(sweep, index);
    }
    return runAll(sweep);
  }

  private StudyConfig study(SweepConfig sweep, int cell) {
    Path base = config.toAbsolutePath().resolveSibling(sweep.study());
    return Config.load(StudyConfig.class, base, sweep.overrides(cell));
  }

  private int runCell(SweepConfig sweep, int cell) {
    if (cell < 0 || cell >= sweep.cells()) {
      throw UserError.what("There is no such cell")
          .where("--index")
          .expected("0 to " + (sweep.cells() - 1))
          .got(cell)
          .remedy("Give an index of the grid in " + config + ".");
    }
    return Studies.run(study(sweep, cell), data, folder(sweep, cell), out.resolve("shared"), spec);
  }

  private Path folder(SweepConfig sweep, int cell) {
    return out.resolve(sweep.name(cell));
  }

  /**
   * A pool of child processes, one cell each; returns 1 where a cell failed. A signal to stop is
   * passed on: the cells write their checkpoints and end, and the same command goes on from there.
   */
  private int runAll(SweepConfig sweep) {
    int atOnce = jobs != null ? jobs : Runtime.getRuntime().availableProcessors();
    Deque<Integer> waiting = new ArrayDeque<>();
    for (int cell = 0; cell < sweep.cells(); cell++) {
      waiting.add(cell);
    }
    System.out.printf("%d cells, %d at a time%n", sweep.cells(), atOnce);
    List<Child> running = new ArrayList<>();
    int failed = 0;
    try (StopSignal stop = StopSignal.install()) {
      while (!running.isEmpty() || !waiting.isEmpty() && !stop.requested()) {
        while (running.size() < atOnce && !waiting.isEmpty() && !stop.requested()) {
          running.add(start(sweep, waiting.remove()));
        }
        Child ended = awaitAny(running, stop);
        running.remove(ended);
        failed += ended.process.exitValue() == 0 ? 0 : 1;
        System.out.println(outcome(sweep, ended));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Main.EXIT_BUG;
    } finally {
      running.forEach(child -> child.process.destroy());
    }
    table(sweep);
    return failed == 0 ? 0 : 1;
  }

  private String outcome(SweepConfig sweep, Child ended) {
    String name = sweep.name(ended.cell);
    if (ended.process.exitValue() != 0) {
      return name + ": failed, see " + ended.log;
    }
    boolean complete = Files.exists(folder(sweep, ended.cell).resolve("report.html"));
    return name + (complete ? ": done" : ": stopped; the same command goes on from there");
  }

  /** Prints a table over the finished cells; sweep.csv has a line for each of them. */
  private void table(SweepConfig sweep) {
    SweepTable table = new SweepTable();
    for (int cell = 0; cell < sweep.cells(); cell++) {
      for (String model : study(sweep, cell).models().keySet()) {
        RunFolder run = new RunFolder(folder(sweep, cell).resolve(model));
        table.add(sweep.setting(cell), sweep.name(cell), run);
      }
    }
    table.markdown().forEach(System.out::println);
    try {
      Files.write(out.resolve("sweep.csv"), table.csv());
      Files.write(out.resolve("sweep.md"), table.markdown());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record Child(int cell, Process process, Path log) {}

  /** This very JVM's command, for one cell. */
  private Child start(SweepConfig sweep, int cell) {
    Path folder = folder(sweep, cell);
    Path log = folder.resolve("log.txt");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(
        List.of("sweep", config.toString(), "--out", out.toString(), "--index", "" + cell));
    data.forEach(given -> command.addAll(List.of("--data", given)));
    try {
      Files.createDirectories(folder);
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(Redirect.appendTo(log.toFile()))
              .start();
      return new Child(cell, process, log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Child awaitAny(List<Child> running, StopSignal stop) throws InterruptedException {
    boolean passedOn = false;
    while (true) {
      if (stop.requested() && !passedOn) {
        running.forEach(child -> child.process.destroy()); // SIGTERM, where there are signals
        passedOn = true;
      }
      for (Child child : running) {
        if (!child.process.isAlive()) {
          return child;
        }
      }
      Thread.sleep(100);
    }
  }
}
