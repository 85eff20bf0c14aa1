package dev.anechoic.rl.study;

import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;
import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.rl.algorithm.Algorithm;
import dev.anechoic.rl.algorithm.RlConfig;
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
        @Default("{ nano = { preset = \"nano\" } }")
        Map<String, ModelDials> models,
    RlConfig rl,
    RlConfig.Kl kl,
    RlConfig.PpoConfig ppo,
    RlConfig.GrpoConfig grpo,
    RlConfig.ExpertConfig expert,
    EvalConfig eval,
    LedgerConfig ledger) {

  /** One model of a study. */
  @Doc("one model and its pretraining")
  public record ModelDials(
      @Doc("nano, micro, mini, small, 150m or 1b") @Default("nano") String preset,
      @Doc("longest sequence, tokens") @Default("192") @Range(min = 8) int contextLength,
      @Doc("whether the head is the embedding table") @Default("false") boolean tied,
      @Doc("most tokens of pretraining") @Default("10e6") @Range(min = 0) double tokens,
      @Doc("tokens per optimizer step") @Default("1024") @Range(min = 1) int batchTokens,
      @Doc("tokens per packed sequence") @Default("128") @Range(min = 8) int sequenceTokens,
      @Doc("peak learning rate of pretraining") @Default("4e-3") @Range(min = 0) double lr,
      @Doc("steps of warm-up as a fraction of all") @Default("0.03") @Range(min = 0, max = 1)
          double warmupFraction,
      @Default("{ beta1 = 0.9, beta2 = 0.99, weight_decay = 0.02 }") AdamW.Settings optimizer,
      @Doc("ends pretraining once the stop format reaches this greedy accuracy; 0 for never")
          @Default("0.0")
          @Range(min = 0, max = 1)
          double stopAccuracy,
      @Doc("format whose opening is forced for the stop accuracy; empty: no opening is forced")
          @Default("\"\"")
          String stopFormat,
      @Doc("learning rate of RL for this model; 0 for that of [rl]") @Default("0.0") @Range(min = 0)
          double rlLr,
      @Doc("steps of RL for this model; 0 for those of [rl]") @Default("0") @Range(min = 0)
          int rlSteps) {}

  /** The ledger of gradients. */
  @Doc("the ledger of gradients per format")
  public record LedgerConfig(
      @Doc("whether it is kept") @Default("false") boolean on,
      @Doc("every how many optimizer updates") @Default("1") @Range(min = 1) int every,
      @Doc("held-out prompts on which the formats' log-odds are measured")
          @Default("32")
          @Range(min = 1)
          int probePrompts) {}
}
