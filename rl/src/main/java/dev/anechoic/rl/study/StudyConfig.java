package dev.anechoic.rl.study;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.NewEntryNeeds;
import dev.anechoic.model.config.Range;
import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import dev.anechoic.model.train.PretrainConfig;
import dev.anechoic.model.transformer.ModelSettings;
import dev.anechoic.rl.algorithm.Algorithm;
import dev.anechoic.rl.algorithm.Interventions;
import dev.anechoic.rl.algorithm.RlConfig;
import dev.anechoic.rl.ledger.LedgerConfig;
import java.util.List;
import java.util.Map;

/** A whole experiment: one mixture, one or more models, one algorithm, one seed. */
@Doc("a study: corpus, tokenizer, pretraining, evaluation, RL, evaluation, report")
public record StudyConfig(
    @Doc("name of the study, the report's title") @Default("study") String name,
    @Doc("the one seed") @Default("1") long seed,
    @Doc("auto, cpu, cpu-scalar, cuda, cuda-emulated or reference") @Default("auto") String backend,
    @Doc("worker threads of a CPU backend; 0 for one per core") @Default("0") @Range(min = 0)
        int threads,
    @Doc("ppo, grpo or expert_iteration") @Default("ppo") Algorithm algorithm,
    CorpusConfig corpus,
    @Default("{ vocab_size = 512 }") TokenizerConfig tokenizer,
    @Doc("the models that are pretrained and tuned, each with its own settings")
        @Default("{ nano = {} }")
        @NewEntryNeeds("model")
        Map<String, ModelDials> models,
    RlConfig rl,
    RlConfig.Kl kl,
    RlConfig.PpoConfig ppo,
    RlConfig.GrpoConfig grpo,
    RlConfig.ExpertConfig expert,
    EvalConfig eval,
    LedgerConfig ledger,
    Interventions interventions,
    @Doc("RL steps between two checkpoints to resume from; 0 for none")
        @Default("10")
        @Range(min = 0)
        int checkpointEvery) {

  /** Refuses here, before any work, what a later stage could not do. */
  public StudyConfig {
    List<String> formats = List.copyOf(corpus.formats().keySet());
    interventions.checked(formats);
    if (rl.reward() == RlConfig.Reward.FORMAT_ONLY) {
      require(formats.contains(rl.rewardFormat()), "rl.reward_format", rl.rewardFormat(), formats);
    }
    for (Map.Entry<String, ModelDials> model : models.entrySet()) {
      if (model.getValue().stopAccuracy() > 0) {
        String key = "models." + model.getKey() + ".stop_format";
        String format = model.getValue().stopFormat();
        require(formats.contains(format), key, "'" + format + "'", formats);
      }
    }
    switch (algorithm) {
      case PPO -> {}
      case GRPO ->
          require(
              rl.samplesPerPrompt() > 1,
              "rl.samples_per_prompt",
              rl.samplesPerPrompt(),
              "at least 2, since GRPO compares the completions of a prompt");
      case EXPERT_ITERATION ->
          require(
              interventions.equals(Interventions.NONE),
              "interventions",
              "a table of them",
              "none: expert iteration has neither advantages nor a KL penalty");
    }
  }

  private static void require(boolean holds, String key, Object got, Object expected) {
    if (!holds) {
      String what = expected instanceof List<?> formats ? "one of " + formats : expected.toString();
      throw new IllegalArgumentException(key + " is " + got + ", expected " + what);
    }
  }

  /**
   * The settings of RL that all models share, without those that cannot change its result. The
   * ledger's probe prompts are held-out problems, so with it the evaluation counts too.
   */
  StudyConfig shared() {
    return new StudyConfig(
        "",
        seed,
        backend,
        0,
        algorithm,
        corpus,
        tokenizer,
        Map.of(),
        rl,
        kl,
        ppo,
        grpo,
        expert,
        ledger.enabled() ? eval : Config.defaults(EvalConfig.class),
        ledger,
        interventions,
        0);
  }

  /** The settings of RL for one of the models. */
  RlConfig rlOf(ModelDials dials) {
    return rl.withModel(
        dials.rlSteps() == 0 ? rl.steps() : dials.rlSteps(),
        dials.rlLr() == 0 ? rl.lr() : dials.rlLr());
  }

  /** One model of a study and its pretraining. */
  @Doc("one model and its pretraining")
  public record ModelDials(
      @Default("{ preset = \"nano\", context_length = 160 }") ModelSettings model,
      @Doc("tokens of pretraining, padding included") @Default("10000000") @Range(min = 1)
          long tokens,
      @Doc("sequences per optimizer step") @Default("8") @Range(min = 1) int batch,
      @Doc("sequences per forward and backward pass; part of the result's last bits")
          @Default("4")
          @Range(min = 1)
          int microBatch,
      @Default("{ lr = 4e-3 }") PretrainConfig.ScheduleSettings schedule,
      @Default("{ beta1 = 0.9, beta2 = 0.99, weight_decay = 0.02 }") AdamW.Settings optimizer,
      @Doc("steps between held-out losses and looks at the accuracy; 0 for none")
          @Default("1000")
          @Range(min = 0)
          int evalEvery,
      @Doc("ends pretraining once accuracy at temperature 1 reaches this; 0 for never")
          @Default("0.0")
          @Range(min = 0, max = 1)
          double stopAccuracy,
      @Doc("format whose opening is forced for the stop accuracy; empty for none") @Default("\"\"")
          String stopFormat,
      @Doc("learning rate of RL for this model; 0 for that of [rl]") @Default("0.0") @Range(min = 0)
          double rlLr,
      @Doc("steps of RL for this model; 0 for those of [rl]") @Default("0") @Range(min = 0)
          int rlSteps) {

    /** What only RL reads, set to nothing: two models with equal bases then compare as equal. */
    ModelDials pretrainingOnly() {
      return new ModelDials(
          model,
          tokens,
          batch,
          microBatch,
          schedule,
          optimizer,
          evalEvery,
          stopAccuracy,
          stopFormat,
          0,
          0);
    }
  }
}
