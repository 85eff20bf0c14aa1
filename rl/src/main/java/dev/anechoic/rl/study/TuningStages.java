package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Rewards;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.algorithm.Grader;
import dev.anechoic.rl.algorithm.RlConfig;
import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * The second half of a run: evaluation of the base, RL, evaluation of the policy. Each is a stage
 * of its own, so that another evaluation does not repeat RL.
 */
final class TuningStages {
  private static final int SLOTS = 256;

  private final StudyConfig config;
  private final RlConfig rl;
  private final CorpusStage problems;
  private final Tokenizer tokenizer;
  private final Backend backend;

  TuningStages(
      StudyConfig config, RlConfig rl, CorpusStage problems, Tokenizer tokenizer, Backend backend) {
    this.config = config;
    this.rl = rl;
    this.problems = problems;
    this.tokenizer = tokenizer;
    this.backend = backend;
  }

  /**
   * Runs what is missing.
   *
   * @param base opened only where it is needed
   * @param baseHash names the base and the problems
   * @param listener told before RL begins, and when it is complete
   * @return false where a stop was asked for
   */
  boolean run(
      Supplier<Checkpoint> base,
      String baseHash,
      RunFolder folder,
      Listener listener,
      StopSignal stop,
      Say say) {
    Stages stages = new Stages(say);
    Studies.write(folder.file(RunFolder.CONFIG), Config.toToml(config));
    Path path = folder.path();
    stages.run(
        "eval-before",
        path,
        answersOf(baseHash),
        begun -> evaluate(base.get(), 0, folder.file(RunFolder.EVAL_BEFORE)));
    if (stop.requested()) {
      return false;
    }
    List<String> inputs = List.of(baseHash, Config.toToml(config.shared()), Config.toToml(rl));
    Stage tuning =
        stages.run(
            "rl",
            path,
            inputs,
            begun -> tune(base.get(), folder, listener, begun, inputs, stop, say));
    if (!tuning.isDone()) {
      return false;
    }
    stages.run(
        "eval-after",
        path,
        answersOf(tuning.hash()),
        begun -> {
          Checkpoint policy = Checkpoint.open(folder.file(RlStage.POLICY));
          return evaluate(policy, rl.steps(), folder.file(RunFolder.EVAL_AFTER));
        });
    return true;
  }

  /** Who keeps the run's other files. */
  interface Listener {
    /** RL begins, anew or where it was cut off. */
    void begins(boolean again);

    /** RL is complete. */
    void done(Checkpoint base);
  }

  /** Everything that the answers of a model depend on. */
  private List<String> answersOf(String modelHash) {
    return List.of(
        modelHash,
        Config.toToml(config.eval()),
        "max_new_tokens " + rl.maxNewTokens(),
        "seed " + config.seed(),
        "backend " + config.backend());
  }

  private boolean tune(
      Checkpoint base,
      RunFolder folder,
      Listener listener,
      boolean again,
      List<String> inputs,
      StopSignal stop,
      Say say) {
    listener.begins(again);
    boolean complete =
        new RlStage(
                config,
                rl,
                problems.trainingQuestions(rl.problems()),
                problems.evaluationQuestions(config.eval().problems()),
                stop,
                say)
            .run(base, tokenizer, folder, backend, Stage.hash("rl", inputs));
    if (complete) {
      listener.done(base);
    }
    return complete;
  }

  private boolean evaluate(Checkpoint checkpoint, int step, Path file) {
    evaluation(checkpoint, step).write(file);
    return true;
  }

  /** Answers of a model to the held-out problems. */
  Evaluation evaluation(Checkpoint checkpoint, int step) {
    FormatClassifier classifier = new FormatClassifier(config.corpus().formatList());
    MemoryLedger ledger = new MemoryLedger();
    try (Transformer model = checkpoint.load(backend, ledger);
        Sampler sampler = new Sampler(model, SLOTS, model.config().contextLength(), ledger)) {
      return new Evaluator(
              problems.evaluationQuestions(config.eval().problems()),
              config.corpus().formatList(),
              tokenizer,
              new Grader(classifier, Rewards.verified(classifier)),
              config.eval(),
              rl.maxNewTokens(),
              config.seed())
          .run(step, sampler);
    }
  }
}
