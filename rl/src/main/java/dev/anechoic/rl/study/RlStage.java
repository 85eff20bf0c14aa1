package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.checkpoint.CheckpointWriter;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.RewardFunction;
import dev.anechoic.model.format.Rewards;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.algorithm.ExpertIteration;
import dev.anechoic.rl.algorithm.Grader;
import dev.anechoic.rl.algorithm.GradientProbe;
import dev.anechoic.rl.algorithm.Grpo;
import dev.anechoic.rl.algorithm.Phases;
import dev.anechoic.rl.algorithm.Policy;
import dev.anechoic.rl.algorithm.Ppo;
import dev.anechoic.rl.algorithm.Question;
import dev.anechoic.rl.algorithm.Reference;
import dev.anechoic.rl.algorithm.RlConfig;
import dev.anechoic.rl.algorithm.RolloutSource;
import dev.anechoic.rl.algorithm.Setup;
import dev.anechoic.rl.algorithm.Trainer;
import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Tunes a base by RL, with an evaluation before and after, and writes the run folder. */
final class RlStage {
  private static final int SLOTS = 256;

  private final StudyConfig config;
  private final RlConfig rl;
  private final List<Format> formats;
  private final List<Question> training;
  private final List<Question> heldOut;
  private final Consumer<String> progress;

  RlStage(
      StudyConfig config,
      RlConfig rl,
      List<Format> formats,
      List<Question> training,
      List<Question> heldOut,
      Consumer<String> progress) {
    this.config = config;
    this.rl = rl;
    this.formats = formats;
    this.training = training;
    this.heldOut = heldOut;
    this.progress = progress;
  }

  void run(Checkpoint base, Tokenizer tokenizer, RunFolder folder, Backend backend) {
    MemoryLedger ledger = new MemoryLedger();
    FormatClassifier classifier = new FormatClassifier(formats);
    Grader graderOfTruth = new Grader(classifier, Rewards.verified(classifier));
    Evaluator evaluator =
        new Evaluator(
            heldOut,
            formats,
            tokenizer,
            graderOfTruth,
            config.eval(),
            rl.maxNewTokens(),
            config.seed());
    Studies.delete(folder.file(RunFolder.METRICS));
    Studies.delete(folder.file(RunFolder.SAMPLES));
    Phases phases = new Phases(backend);
    try (Transformer model = base.load(backend, ledger);
        Transformer frozen = base.load(backend, ledger);
        Sampler sampler = new Sampler(model, SLOTS, model.config().contextLength(), ledger);
        Policy policy = new Policy(model, rl, ledger);
        Reference reference = new Reference(frozen, rl.temperature(), ledger)) {
      evaluate(evaluator, 0, sampler, folder, RunFolder.EVAL_BEFORE);
      RolloutSource source =
          new RolloutSource(
              training,
              tokenizer,
              sampler,
              new Grader(classifier, reward(classifier)),
              rl,
              config.seed());
      Setup setup =
          new Setup(rl, config.kl(), source, policy, reference, GradientProbe.NONE, phases, ledger);
      try (Trainer trainer = trainer(setup);
          RunWriter writer = new RunWriter(folder, tokenizer)) {
        for (int step = 1; step <= trainer.steps(); step++) {
          Trainer.StepResult result = trainer.step(step);
          writer.step(step, result, timings(phases, result));
          progress.accept(line(step, trainer.steps(), result, phases));
        }
        evaluate(evaluator, trainer.steps(), sampler, folder, RunFolder.EVAL_AFTER);
      }
      try (CheckpointWriter writer =
          CheckpointWriter.begin(
              folder.path().resolve("policy"), model.parameters().layout().count())) {
        writer
            .model(model, tokenizer.endToken())
            .file(Tokenizer.FILE, file -> Studies.write(file, tokenizer.toJson()))
            .commit();
      }
    }
  }

  private void evaluate(
      Evaluator evaluator, int step, Sampler sampler, RunFolder folder, String file) {
    long since = System.nanoTime();
    Evaluation evaluation = evaluator.run(step, sampler);
    evaluation.write(folder.file(file));
    progress.accept("%s in %.1f s".formatted(file, (System.nanoTime() - since) * 1e-9));
  }

  private Trainer trainer(Setup setup) {
    return switch (config.algorithm()) {
      case PPO -> new Ppo(setup, config.ppo());
      case GRPO -> new Grpo(setup, config.grpo());
      case EXPERT_ITERATION -> new ExpertIteration(setup, config.expert());
    };
  }

  private RewardFunction reward(FormatClassifier classifier) {
    return switch (rl.reward()) {
      case VERIFIED -> Rewards.verified(classifier);
      case RANDOM -> Rewards.random(classifier, config.seed(), 0.5);
      case WRONG -> Rewards.wrong(classifier);
      case FORMAT_ONLY -> Rewards.formatOnly(classifier, rl.rewardFormat());
    };
  }

  private static Map<String, Double> timings(Phases phases, Trainer.StepResult result) {
    Map<String, Double> timings = new LinkedHashMap<>();
    phases.seconds().forEach((phase, seconds) -> timings.put("time/" + phase, seconds));
    long tokens = 0;
    for (var t : result.rollout()) {
      tokens += t.length();
    }
    timings.put("throughput/tokens_per_second", tokens / phases.total());
    return timings;
  }

  private String line(int step, int steps, Trainer.StepResult result, Phases phases) {
    Map<String, Double> m = result.metrics();
    StringBuilder line = new StringBuilder();
    line.append("rl %d/%d reward %.3f".formatted(step, steps, m.getOrDefault("reward", 0.0)));
    for (Format format : formats) {
      String key = "format/" + format.name() + "/share";
      line.append("  %s %.2f".formatted(format.name(), m.getOrDefault(key, 0.0)));
    }
    line.append("  kl %.3f".formatted(m.getOrDefault("kl/sequence", Double.NaN)));
    line.append("  mismatch %.0e".formatted(m.getOrDefault("rollout/logprob_mismatch", -1.0)));
    line.append("  %.2f s".formatted(phases.total()));
    return line.toString();
  }
}
