package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.ProblemSource;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Rewards;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.algorithm.Grader;
import dev.anechoic.rl.report.Printout;
import dev.anechoic.rl.report.Report;
import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.MemoryLedger;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The second half of a study, on a checkpoint of the user's: RL, or an evaluation alone. */
public final class Tuning {
  private static final int SLOTS = 256;

  private final StudyConfig config;
  private final Checkpoint checkpoint;
  private final Tokenizer tokenizer;
  private final CorpusStage problems;

  /**
   * @param config its models are not used
   * @param checkpoint a folder with its tokenizer
   * @throws dev.anechoic.model.UserError where the tokenizer is missing or does not fit the model
   */
  public Tuning(StudyConfig config, Checkpoint checkpoint, ProblemSource problems) {
    this.config = config;
    this.checkpoint = checkpoint;
    this.problems = new CorpusStage(config.corpus(), problems);
    tokenizer = checkpoint.tokenizer();
  }

  /**
   * RL from the checkpoint into a run folder, and its report.
   *
   * @return the report, or null where a stop was asked for
   */
  public @Nullable Path run(Path out, String command, StopSignal stop, Say say) {
    RunFolder folder = new RunFolder(Studies.folder(out));
    Studies.write(folder.file(RunFolder.CONFIG), Config.toToml(config));
    String hash = checkpoint.hash();
    String inputs =
        Stage.hash(
            "rl",
            List.of(
                hash == null ? checkpoint.folder().toString() : hash,
                Config.toToml(config.shared()),
                "seed " + config.seed()));
    try (Backend backend = open(say)) {
      RlStage stage =
          new RlStage(
              config,
              config.rl(),
              problems.trainingQuestions(config.rl().problems()),
              problems.evaluationQuestions(config.eval().problems()),
              stop,
              say);
      if (!stage.run(checkpoint, tokenizer, folder, backend, inputs)) {
        say.line("stopped; the same command goes on from here");
        return null;
      }
      Manifests.write(folder, config, "checkpoint", checkpoint, null, command, backend);
    }
    Printout.lines(folder).forEach(say::line);
    Path file = out.resolve("report.html");
    Report.of(config.name(), List.of(out)).write(file);
    return file;
  }

  /** Answers the held-out problems; the raw answers go to a file. */
  public Evaluation evaluate(Path file, Say say) {
    FormatClassifier classifier = new FormatClassifier(config.corpus().formatList());
    MemoryLedger ledger = new MemoryLedger();
    try (Backend backend = open(say);
        Transformer model = checkpoint.load(backend, ledger);
        Sampler sampler = new Sampler(model, SLOTS, model.config().contextLength(), ledger)) {
      Evaluation evaluation =
          new Evaluator(
                  problems.evaluationQuestions(config.eval().problems()),
                  config.corpus().formatList(),
                  tokenizer,
                  new Grader(classifier, Rewards.verified(classifier)),
                  config.eval(),
                  config.rl().maxNewTokens(),
                  config.seed())
              .run(0, sampler);
      evaluation.write(file);
      return evaluation;
    }
  }

  private Backend open(Say say) {
    Backends.Choice choice =
        Backends.open(config.backend(), BackendOptions.DEFAULT.withThreads(config.threads()));
    say.line(choice.reason());
    return choice.backend();
  }
}
