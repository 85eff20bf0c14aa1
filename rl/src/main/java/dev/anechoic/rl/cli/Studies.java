package dev.anechoic.rl.cli;

import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.study.Say;
import dev.anechoic.rl.study.Study;
import dev.anechoic.rl.study.StudyConfig;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;

/** Runs a study for the commands {@code study} and {@code demo}. */
final class Studies {
  private Studies() {}

  /** Runs it and tells where the report lies; a stop by signal leaves it to be resumed. */
  static int run(StudyConfig config, Path out, CommandSpec spec) {
    String command =
        "anechoic "
            + String.join(" ", spec.commandLine().getParseResult().originalArgs());
    try (StopSignal stop = StopSignal.install()) {
      Study study =
          new Study(
              config,
              out,
              new ProblemGenerator(config.corpus().generator()),
              command,
              stop,
              new Say(System.out));
      Path report = study.run();
      if (report != null) {
        System.out.println("report: " + report.toAbsolutePath());
      }
    }
    return 0;
  }
}
