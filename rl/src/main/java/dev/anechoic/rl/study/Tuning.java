package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.ProblemSource;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.report.Printout;
import dev.anechoic.rl.report.Report;
import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.profile.TracedBackend;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The second half of a study, on a checkpoint of the user's: RL, or an evaluation alone. */
public final class Tuning {
  private final StudyConfig config;
  private final Checkpoint checkpoint;
  private final Tokenizer tokenizer;
  private final CorpusStage problems;
  private final String problemsId;

  /**
   * @param config its models are not used
   * @param checkpoint a folder with its tokenizer
   * @param problemsId names the problems to the byte
   * @throws dev.anechoic.model.UserError where the tokenizer is missing or does not fit the model
   */
  public Tuning(
      StudyConfig config, Checkpoint checkpoint, ProblemSource problems, String problemsId) {
    this.config = config;
    this.checkpoint = checkpoint;
    this.problems = new CorpusStage(config.corpus(), problems);
    this.problemsId = problemsId;
    tokenizer = checkpoint.tokenizer();
  }

  /**
   * RL from the checkpoint into a run folder, and its report; what is done is not done again.
   *
   * @return the report, or null where a stop was asked for
   */
  public @Nullable Path run(Path out, String command, StopSignal stop, Say say) {
    RunFolder folder = new RunFolder(Studies.folder(out));
    try (Backend backend = open(say)) {
      TuningStages.Listener listener =
          new TuningStages.Listener() {
            @Override
            public void begins(boolean again) {}

            @Override
            public void done(Checkpoint base) {
              Manifests.write(folder, config, "checkpoint", base, null, command, backend);
            }
          };
      if (!stages(backend).run(() -> checkpoint, baseHash(), folder, listener, stop, say)) {
        say.line("stopped; the same command goes on from here");
        return null;
      }
    }
    Printout.lines(folder).forEach(say::line);
    Path file = out.resolve("report.html");
    Report.of(config.name(), List.of(out)).write(file);
    return file;
  }

  /** Answers the held-out problems; the raw answers go to a file. */
  public Evaluation evaluate(Path file, Say say) {
    try (Backend backend = open(say)) {
      Evaluation evaluation = stages(backend).evaluation(checkpoint, 0);
      evaluation.write(file);
      return evaluation;
    }
  }

  private TuningStages stages(Backend backend) {
    return new TuningStages(config, config.rl(), problems, tokenizer, backend);
  }

  /** Names checkpoint and problems; a published checkpoint has no hash, then its place. */
  private String baseHash() {
    String hash = checkpoint.hash();
    String name = hash == null ? checkpoint.folder().toString() : hash;
    return Stage.hash("checkpoint", List.of(name, Config.toToml(config.corpus()), problemsId));
  }

  private Backend open(Say say) {
    Backends.Choice choice =
        Backends.open(config.backend(), BackendOptions.DEFAULT.withThreads(config.threads()));
    say.line(choice.reason());
    return TracedBackend.ifRecording(choice.backend());
  }
}
