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
import dev.anechoic.tensor.profile.TracedBackend;
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
   * RL from the checkpoint into a run folder, and its report; RL that is done is not done again.
   *
   * @return the report, or null where a stop was asked for
   */
  public @Nullable Path run(Path out, String command, StopSignal stop, Say say) {
    RunFolder folder = new RunFolder(Studies.folder(out));
    Studies.write(folder.file(RunFolder.CONFIG), Config.toToml(config));
    String hash = checkpoint.hash();
    List<String> inputs =
        List.of(
            hash == null ? checkpoint.folder().toString() : hash,
            Config.toToml(config.shared()),
            "seed " + config.seed(),
            problemsId);
    Stage stage = new Stage("rl", out, inputs);
    if (stage.isDone()) {
      say.line("rl       unchanged, skipped");
    } else if (!tune(folder, stage, command, stop, say)) {
      say.line("stopped; the same command goes on from here");
      return null;
    }
    Printout.lines(folder).forEach(say::line);
    Path file = out.resolve("report.html");
    Report.of(config.name(), List.of(out)).write(file);
    return file;
  }

  /** Runs the stage; false where a stop was asked for. */
  private boolean tune(RunFolder folder, Stage stage, String command, StopSignal stop, Say say) {
    stage.begin();
    long since = System.nanoTime();
    try (Backend backend = open(say)) {
      RlStage rl =
          new RlStage(
              config,
              config.rl(),
              problems.trainingQuestions(config.rl().problems()),
              problems.evaluationQuestions(config.eval().problems()),
              stop,
              say);
      if (!rl.run(checkpoint, tokenizer, folder, backend, stage.hash())) {
        return false;
      }
      Manifests.write(folder, config, "checkpoint", checkpoint, null, command, backend);
    }
    stage.done((System.nanoTime() - since) * 1e-9);
    return true;
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
    return TracedBackend.ifRecording(choice.backend());
  }
}
