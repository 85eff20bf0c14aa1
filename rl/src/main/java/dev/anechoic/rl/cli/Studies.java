package dev.anechoic.rl.cli;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.report.EvaluationTable;
import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.study.Say;
import dev.anechoic.rl.study.Study;
import dev.anechoic.rl.study.StudyConfig;
import dev.anechoic.rl.study.Tuning;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** Runs a study for the commands {@code study} and {@code demo}. */
final class Studies {
  private Studies() {}

  /** Part of the documents whose problem gets new numbers, so that the corpus does not repeat. */
  private static final double RENUMBERED = 0.8;

  /**
   * Runs it and tells where the report lies; a stop by signal leaves it to be resumed.
   *
   * @param data values of {@code --data}; none for generated problems
   * @param shared folder of corpora and bases that several studies use, or null
   */
  static int run(
      StudyConfig config, List<String> data, Path out, @Nullable Path shared, CommandSpec spec) {
    try (StopSignal stop = StopSignal.install()) {
      DataSource source = source(config, data);
      Study study =
          new Study(
              config,
              out,
              shared,
              source.problems(),
              source.id(),
              command(spec),
              stop,
              new Say(System.out));
      Path report = study.run();
      if (report != null) {
        System.out.println("report: " + report.toAbsolutePath());
      }
    }
    return 0;
  }

  /** RL on a checkpoint of the user's. */
  static int tune(
      StudyConfig config, List<String> data, Checkpoint checkpoint, Path out, CommandSpec spec) {
    try (StopSignal stop = StopSignal.install()) {
      Path report =
          tuning(config, checkpoint, data).run(out, command(spec), stop, new Say(System.out));
      if (report != null) {
        System.out.println("report: " + report.toAbsolutePath());
      }
    }
    return 0;
  }

  /** Evaluates a checkpoint and prints the main figures. */
  static int evaluate(
      StudyConfig config, List<String> data, Checkpoint checkpoint, Path out, CommandSpec spec) {
    Evaluation evaluation = tuning(config, checkpoint, data).evaluate(out, new Say(System.out));
    EvaluationTable.lines(evaluation).forEach(System.out::println);
    System.out.println("answers: " + out.toAbsolutePath());
    return 0;
  }

  private static String command(CommandSpec spec) {
    return "anechoic "
        + String.join(" ", spec.root().commandLine().getParseResult().originalArgs());
  }

  private static Tuning tuning(StudyConfig config, Checkpoint checkpoint, List<String> data) {
    DataSource source = source(config, data);
    return new Tuning(config, checkpoint, source.problems(), source.id());
  }

  private static DataSource source(StudyConfig config, List<String> data) {
    return DataSource.open(data, config.corpus(), RENUMBERED, System.out::println);
  }
}
