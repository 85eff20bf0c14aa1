package dev.anechoic.rl.algorithm;

import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Moved;
import dev.anechoic.model.config.Range;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.tensor.Kernels.KlEstimator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The settings of RL. Four words name all batch sizes; their arithmetic is printed at the start.
 */
@Doc("fine-tuning by RL")
public record RlConfig(
    @Doc("rollouts; one step is a rollout and its updates") @Default("60") @Range(min = 1)
        int steps,
    @Doc("training problems that prompts are drawn from") @Default("4096") @Range(min = 1)
        int problems,
    @Doc("prompts drawn per step") @Default("32") @Range(min = 1) int promptsPerStep,
    @Doc("completions sampled per prompt (G)") @Default("8") @Range(min = 1) int samplesPerPrompt,
    @Doc("completion tokens per optimizer update, filled with whole completions; 0 = the rollout")
        @Default("0")
        @Range(min = 0)
        int minibatchTokens,
    @Doc("passes over the completions that a step trains on") @Default("1") @Range(min = 1)
        int epochs,
    @Doc("longest completion, tokens") @Default("96") @Range(min = 1) int maxNewTokens,
    @Doc("sampling temperature; the policy is the distribution at this temperature")
        @Default("1.0")
        @Range(min = 1e-3)
        double temperature,
    @Doc("peak learning rate of the policy") @Default("2e-4") @Range(min = 0) double lr,
    @Doc("optimizer updates of linear warm-up") @Default("0") @Range(min = 0) int warmupUpdates,
    @Default("{ beta1 = 0.9, beta2 = 0.99, weight_decay = 0.0 }") AdamW.Settings optimizer,
    @Doc("the ratio is clipped below at 1 - clip_low") @Default("0.2") @Range(min = 0, max = 1)
        double clipLow,
    @Doc("the ratio is clipped above at 1 + clip_high; larger than clip_low is 'clip-higher'")
        @Default("0.2")
        @Range(min = 0)
        double clipHigh,
    @Doc("entropy bonus per token") @Default("0.0") double entropyCoef,
    Covariance covariance,
    @Doc("what is rewarded: verified, or a control: random, wrong, format_only")
        @Default("verified")
        Reward reward,
    @Doc("format that the control reward format_only pays for") @Default("code")
        String rewardFormat) {

  /** The same settings with other steps and another learning rate, for one model of a study. */
  public RlConfig withModel(int newSteps, double newLr) {
    return new RlConfig(
        newSteps,
        problems,
        promptsPerStep,
        samplesPerPrompt,
        minibatchTokens,
        epochs,
        maxNewTokens,
        temperature,
        newLr,
        warmupUpdates,
        optimizer,
        clipLow,
        clipHigh,
        entropyCoef,
        covariance,
        reward,
        rewardFormat);
  }

  /** How tokens of high covariance of log-prob and advantage are held back. */
  public enum CovarianceMethod {
    /** Not at all. */
    NONE,
    /** Clip-Cov: a random few lose their gradient. */
    CLIP,
    /** KL-Cov: the largest are held at the sampling policy. */
    KL
  }

  /** Clip-Cov and KL-Cov; Cui et al. (arXiv 2505.22617), with the paper's values. */
  @Doc("holds entropy up by the tokens of largest covariance of log-prob and advantage")
  public record Covariance(
      @Doc("none, clip (Clip-Cov) or kl (KL-Cov)") @Default("none") CovarianceMethod method,
      @Doc("share of the update's tokens that is taken") @Default("2e-3") @Range(min = 0, max = 1)
          double share,
      @Doc("Clip-Cov: smallest term that may be taken") @Default("1.0") double low,
      @Doc("Clip-Cov: largest term that may be taken") @Default("5.0") double high,
      @Doc("KL-Cov: coefficient of the penalty") @Default("1.0") @Range(min = 0) double coef) {}

  /** What a completion is paid for. */
  public enum Reward {
    /** 1 where the answer is right, else 0. */
    VERIFIED,
    /** 1 with probability 1/2, whatever the completion. */
    RANDOM,
    /** 1 where an answer is there and wrong. */
    WRONG,
    /** 1 where the completion is a well-formed one of {@code reward_format}. */
    FORMAT_ONLY
  }

  /** Where the KL penalty enters. */
  public enum KlPlacement {
    /** As the algorithm's authors have it: in the reward for PPO, in the loss for GRPO. */
    AUTO,
    /** Subtracted from each token's reward. */
    REWARD,
    /** Added to the loss, with its own gradient. */
    LOSS
  }

  /** The KL penalty to the reference model, which is the base. */
  @Doc("KL penalty to the base model")
  public record Kl(
      @Doc("coefficient, per nat") @Default("1e-3") @Range(min = 0) double coef,
      @Doc("reward: per token in the reward; loss: a loss term; auto: reward for ppo, else loss")
          @Default("auto")
          KlPlacement placement,
      @Doc("k1, k2 or k3 (Schulman 2020); by default k1 in the reward, k3 in the loss")
          @Nullable KlEstimator estimator,
      @Doc("KL per completion to steer the coefficient to; 0 keeps it fixed")
          @Default("0.0")
          @Range(min = 0)
          double adaptiveTarget,
      @Doc("completions over which the adaptive coefficient moves by its own size")
          @Default("10000")
          @Range(min = 1)
          double adaptiveHorizon,
      @Doc("ends a step's updates when the KL to the sampling policy exceeds this; 0 for never")
          @Default("0.0")
          @Range(min = 0)
          double stop) {

    /** The same penalty with placement and estimator settled for an algorithm. */
    public Kl resolved(Algorithm algorithm) {
      KlPlacement where = placement;
      if (where == KlPlacement.AUTO) {
        where = algorithm == Algorithm.PPO ? KlPlacement.REWARD : KlPlacement.LOSS;
      }
      KlEstimator which = estimator;
      if (which == null) {
        which = where == KlPlacement.REWARD ? KlEstimator.K1 : KlEstimator.K3;
      }
      return new Kl(coef, where, which, adaptiveTarget, adaptiveHorizon, stop);
    }

    /** The estimator, once {@link #resolved}. */
    public KlEstimator settledEstimator() {
      return Objects.requireNonNull(estimator, "resolved() settles the estimator");
    }
  }

  /** Where values come from. */
  public enum Critic {
    /** A linear head on the policy's last hidden state, without gradient into the policy. */
    DETACHED_HEAD,
    /** A linear head whose loss also trains the policy's trunk. */
    SHARED_TRUNK,
    /** A transformer of its own that starts from the base. */
    OWN
  }

  /** What only PPO has. */
  @Doc("PPO")
  public record PpoConfig(
      @Doc("discount per token") @Default("1.0") @Range(min = 0, max = 1) double gamma,
      @Doc("lambda of GAE") @Default("1.0") @Range(min = 0, max = 1) double lambda,
      @Doc("advantages to mean 0 and deviation 1 over the rollout") @Default("true") boolean whiten,
      @Doc("detached_head, shared_trunk or own") @Default("detached_head") Critic critic,
      @Doc("learning rate of the critic") @Default("1e-2") @Range(min = 0) double criticLr,
      @Doc("clip of the value change; 0 for none") @Default("0.2") @Range(min = 0) double valueClip,
      @Doc("weight of the value loss where it shares the policy's optimizer")
          @Default("0.5")
          @Range(min = 0)
          double valueCoef) {}

  /** How token losses are averaged. */
  public enum Average {
    /** Mean over the tokens of each completion, then over completions (GRPO). */
    SEQUENCE,
    /** Mean over all tokens (PPO, DAPO). */
    TOKEN,
    /** Sum over tokens divided by {@code max_new_tokens}, mean over completions (Dr. GRPO). */
    CONSTANT
  }

  /** What only GRPO and its relatives have. */
  @Doc("GRPO and its relatives")
  public record GrpoConfig(
      @Doc("grpo, dr_grpo, rloo or reinforce") @Default("grpo") GroupAdvantage advantage,
      @Doc("average of the token losses: sequence, token or constant") @Default("sequence")
          Average average,
      @Doc("leaves groups whose rewards are all equal out of the update") @Default("false")
          boolean dropZeroVariance) {}

  /**
   * What only expert iteration has. A round is a step: steps and batch sizes are those of {@code
   * [rl]}.
   */
  @Doc("expert iteration; a round is a step of [rl], so steps should be few and large")
  @Moved(key = "rounds", to = "rl.steps")
  @Moved(key = "prompts_per_round", to = "rl.prompts_per_step")
  @Moved(key = "samples_per_prompt", to = "rl.samples_per_prompt")
  @Moved(key = "sft_epochs", to = "rl.epochs")
  @Moved(key = "sft_batch", to = "rl.minibatch_tokens")
  public record ExpertConfig(
      @Doc("nucleus of the sampling") @Default("0.95") @Range(min = 1e-3, max = 1) double topP,
      @Doc("learning rate of the training") @Default("1e-4") @Range(min = 0) double sftLr,
      @Doc("trains on each text of a prompt once, however often it was sampled") @Default("true")
          boolean dropDuplicates) {}
}
