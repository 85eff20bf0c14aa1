package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.checkpoint.CheckpointWriter;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.RewardFunction;
import dev.anechoic.model.format.Rewards;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.sample.Scorer;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.algorithm.Algorithm;
import dev.anechoic.rl.algorithm.ExpertIteration;
import dev.anechoic.rl.algorithm.Grader;
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
import dev.anechoic.rl.algorithm.Trainer.StepResult;
import dev.anechoic.rl.algorithm.TrainerState;
import dev.anechoic.rl.algorithm.Trajectory;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.trace.StepEvent;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tunes a base by RL and writes the run folder. An interrupted run goes on from its last
 * checkpoint, to the same bits.
 */
final class RlStage {
  private static final int SLOTS = 256;
  private static final String STATE = "rl-state";
  static final String POLICY = "policy";

  private final StudyConfig study;
  private final RlConfig rl;
  private final List<Format> formats;
  private final List<Question> training;
  private final List<Question> heldOut;
  private final StopSignal stop;
  private final Say say;

  RlStage(
      StudyConfig study,
      RlConfig rl,
      List<Question> training,
      List<Question> heldOut,
      StopSignal stop,
      Say say) {
    this.study = study;
    this.rl = rl;
    this.formats = study.corpus().formatList();
    this.training = training;
    this.heldOut = heldOut;
    this.stop = stop;
    this.say = say;
  }

  /**
   * Runs, or goes on.
   *
   * @param inputs hash of all that the run depends on; a state of other inputs is not resumed
   * @return whether it is complete; false where a stop was asked for
   */
  boolean run(
      Checkpoint base, Tokenizer tokenizer, RunFolder folder, Backend backend, String inputs) {
    MemoryLedger ledger = new MemoryLedger();
    FormatClassifier classifier = new FormatClassifier(formats);
    try (Transformer model = base.load(backend, ledger);
        Transformer frozen = base.load(backend, ledger);
        Sampler sampler = new Sampler(model, SLOTS, model.config().contextLength(), ledger);
        Policy policy = new Policy(model, rl, ledger);
        Scorer scorer = new Scorer(model, ledger);
        Reference reference = new Reference(frozen, rl.temperature(), ledger)) {
      arithmetic();
      Grader grader = new Grader(classifier, reward(classifier));
      RolloutSource source =
          new RolloutSource(training, tokenizer, sampler, grader, rl, study.seed());
      source.intervene(study.interventions(), openings(tokenizer), scorer);
      Phases phases = new Phases(backend);
      try (RunLedger watch =
              new RunLedger(study, rl, folder, policy, tokenizer, heldOut, phases, ledger);
          Trainer trainer =
              trainer(
                  new Setup(
                      rl,
                      study.kl().resolved(study.algorithm()),
                      study.interventions(),
                      source,
                      policy,
                      reference,
                      watch.probe(),
                      phases,
                      ledger))) {
        boolean complete = loop(trainer, watch, model, tokenizer, folder, phases, inputs);
        if (complete) {
          watch.decisions(frozen);
          save(folder.file(POLICY), model, tokenizer, null, 0, 0, inputs);
          Studies.deleteFolder(folder.file(STATE));
        }
        return complete;
      }
    }
  }

  private boolean loop(
      Trainer trainer,
      RunLedger watch,
      Transformer model,
      Tokenizer tokenizer,
      RunFolder folder,
      Phases phases,
      String inputs) {
    Path state = folder.file(STATE);
    Progress progress = restore(state, model, trainer, inputs);
    int done = progress.steps();
    double flops = progress.flops();
    if (done > 0) {
      say.line("resuming RL after step " + done);
    }
    watch.begin(done);
    try (RunWriter writer = RunWriter.open(folder, tokenizer, done)) {
      for (int step = done + 1; step <= trainer.steps(); step++) {
        StepEvent event = StepEvent.start();
        StepResult result = trainer.step(step);
        if (event != null) {
          event.finish("rl", step, sampledTokens(result));
        }
        flops += phases.totalFlops();
        writer.step(step, result, timings(phases, result, flops), watch.named());
        say.line(line(step, trainer.steps(), result, phases));
        boolean last = step == trainer.steps();
        boolean due = study.checkpointEvery() > 0 && step % study.checkpointEvery() == 0;
        if (!last && (due || stop.requested())) {
          writer.sync();
          save(state, model, tokenizer, trainer.state(), step, flops, inputs);
        }
        if (!last && stop.requested()) {
          return false;
        }
      }
    }
    return true;
  }

  private Trainer trainer(Setup setup) {
    return switch (study.algorithm()) {
      case PPO -> new Ppo(setup, study.ppo());
      case GRPO -> new Grpo(setup, study.grpo());
      case EXPERT_ITERATION -> new ExpertIteration(setup, study.expert());
    };
  }

  private Map<String, int[]> openings(Tokenizer tokenizer) {
    Map<String, int[]> openings = new LinkedHashMap<>();
    formats.forEach(format -> openings.put(format.name(), Answers.opening(format, tokenizer)));
    return openings;
  }

  private RewardFunction reward(FormatClassifier classifier) {
    return switch (rl.reward()) {
      case VERIFIED -> Rewards.verified(classifier);
      case RANDOM -> Rewards.random(classifier, study.seed(), 0.5);
      case WRONG -> Rewards.wrong(classifier);
      case FORMAT_ONLY -> Rewards.formatOnly(classifier, rl.rewardFormat());
    };
  }

  // ---- checkpoints --------------------------------------------------------------------------

  private static void save(
      Path folder,
      Transformer model,
      Tokenizer tokenizer,
      @Nullable TrainerState state,
      int step,
      double flops,
      String inputs) {
    try (CheckpointWriter writer =
        CheckpointWriter.begin(folder, 3 * model.parameters().layout().count())) {
      writer.model(model, tokenizer.endToken()).tokenizer(tokenizer);
      if (state != null) {
        for (int i = 0; i < state.optimizers().size(); i++) {
          AdamW optimizer = state.optimizers().get(i);
          writer.optimizer("optimizer" + i, optimizer, optimizer.parameters());
        }
        for (int i = 0; i < state.parameters().size(); i++) {
          writer.extra("critic" + i, state.parameters().get(i));
        }
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("step", step);
        values.put("flops", flops);
        values.put("inputs", inputs);
        values.put("kl_coef", state.klController().coef());
        writer.state(values);
      }
      writer.commit();
    }
  }

  /** How far a run has come: steps, and floating-point operations. */
  private record Progress(int steps, double flops) {
    static final Progress NONE = new Progress(0, 0);
  }

  /** Restores an interrupted run of the same inputs; returns what it had done, if anything. */
  private static Progress restore(Path folder, Transformer model, Trainer trainer, String inputs) {
    if (!Checkpoint.existsAt(folder)) {
      return Progress.NONE;
    }
    Checkpoint stored = Checkpoint.open(folder);
    Json json = stored.state();
    if (!json.get("inputs").string().equals(inputs)) {
      return Progress.NONE;
    }
    stored.loadInto(model.parameters());
    TrainerState state = trainer.state();
    for (int i = 0; i < state.optimizers().size(); i++) {
      AdamW optimizer = state.optimizers().get(i);
      stored.loadOptimizer("optimizer" + i, optimizer, optimizer.parameters());
    }
    for (int i = 0; i < state.parameters().size(); i++) {
      Parameters critic = state.parameters().get(i);
      stored.loadExtra("critic" + i, critic);
    }
    state.klController().setCoef(json.get("kl_coef").doubleValue());
    return new Progress(json.get("step").intValue(), json.get("flops").doubleValue());
  }

  // ---- what a person sees -------------------------------------------------------------------

  private static long sampledTokens(StepResult result) {
    return result.rollout().stream().mapToLong(Trajectory::length).sum();
  }

  /** What the four words for batch sizes come to. */
  private void arithmetic() {
    String updates =
        rl.minibatchTokens() == 0
            ? "one update per epoch"
            : "an update per " + rl.minibatchTokens() + " completion tokens, in whole completions";
    String kept = study.algorithm() == Algorithm.EXPERT_ITERATION ? " over what is kept" : "";
    long completions = (long) rl.promptsPerStep() * rl.samplesPerPrompt();
    say.line(
        "%s: %d step%s of %d prompts x %d samples = %d completions, %d in all; %d epoch%s%s, %s"
            .formatted(
                study.algorithm().name().toLowerCase(Locale.ROOT),
                rl.steps(),
                rl.steps() == 1 ? "" : "s",
                rl.promptsPerStep(),
                rl.samplesPerPrompt(),
                completions,
                rl.steps() * completions,
                rl.epochs(),
                rl.epochs() == 1 ? "" : "s",
                kept,
                updates));
  }

  private static Map<String, Double> timings(Phases phases, StepResult result, double flops) {
    Map<String, Double> timings = new LinkedHashMap<>();
    phases.seconds().forEach((phase, seconds) -> timings.put("time/" + phase, seconds));
    timings.put("throughput/tokens_per_second", sampledTokens(result) / phases.total());
    timings.put("compute/flops", flops);
    return timings;
  }

  private String line(int step, int steps, StepResult result, Phases phases) {
    Map<String, Double> m = result.metrics();
    StringBuilder line = new StringBuilder();
    line.append("rl %3d/%d  reward %.3f ".formatted(step, steps, or0(m, "reward")));
    for (Format format : formats) {
      double share = or0(m, "format/" + format.name() + "/share");
      line.append(" %s %.2f".formatted(format.name(), share));
    }
    line.append("  kl %.3f".formatted(or0(m, "kl/sequence")));
    line.append("  %.2f s".formatted(phases.total()));
    return line.toString();
  }

  private static double or0(Map<String, Double> metrics, String key) {
    return metrics.getOrDefault(key, 0.0);
  }
}
