package dev.anechoic.rl.cli;

import dev.anechoic.model.UserError;
import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.corpus.Gsm8k;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.corpus.ProblemSource;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.report.EvaluationTable;
import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.study.Say;
import dev.anechoic.rl.study.Study;
import dev.anechoic.rl.study.StudyConfig;
import dev.anechoic.rl.study.Tuning;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** Runs a study for the commands {@code study} and {@code demo}. */
final class Studies {
  private Studies() {}

  /** Part of the documents whose problem gets new numbers, so that the corpus does not repeat. */
  private static final double RENUMBERED = 0.8;

  private static final String GSM8K = "gsm8k=";

  /**
   * Runs it and tells where the report lies; a stop by signal leaves it to be resumed.
   *
   * @param data {@code gsm8k=PATH}, or null for generated problems
   * @param shared folder of corpora and bases that several studies use, or null
   */
  static int run(
      StudyConfig config,
      @Nullable String data,
      Path out,
      @Nullable Path shared,
      CommandSpec spec) {
    try (StopSignal stop = StopSignal.install()) {
      Study study =
          new Study(
              config,
              out,
              shared,
              problems(config, data),
              data == null ? "generated" : data,
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
      StudyConfig config,
      @Nullable String data,
      Checkpoint checkpoint,
      Path out,
      CommandSpec spec) {
    try (StopSignal stop = StopSignal.install()) {
      Path report =
          new Tuning(config, checkpoint, problems(config, data))
              .run(out, command(spec), stop, new Say(System.out));
      if (report != null) {
        System.out.println("report: " + report.toAbsolutePath());
      }
    }
    return 0;
  }

  /** Evaluates a checkpoint and prints the main figures. */
  static int evaluate(
      StudyConfig config,
      @Nullable String data,
      Checkpoint checkpoint,
      Path out,
      CommandSpec spec) {
    Evaluation evaluation =
        new Tuning(config, checkpoint, problems(config, data)).evaluate(out, new Say(System.out));
    EvaluationTable.lines(evaluation).forEach(System.out::println);
    System.out.println("answers: " + out.toAbsolutePath());
    return 0;
  }

  private static String command(CommandSpec spec) {
    return "anechoic "
        + String.join(" ", spec.root().commandLine().getParseResult().originalArgs());
  }

  private static ProblemSource problems(StudyConfig config, @Nullable String data) {
    if (data == null) {
      return new ProblemGenerator(config.corpus().generator());
    }
    if (!data.startsWith(GSM8K)) {
      throw UserError.what("Unknown data source '" + data + "'")
          .where("--data")
          .expected("gsm8k=PATH")
          .remedy("Give the folder that holds train.jsonl and test.jsonl of GSM8K.");
    }
    Path path = Path.of(data.substring(GSM8K.length()));
    Gsm8k train = Gsm8k.train(path);
    System.out.println(train.summary());
    return train.source(config.seed(), RENUMBERED, Gsm8k.test(path));
  }
}
