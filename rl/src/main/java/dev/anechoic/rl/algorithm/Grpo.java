package dev.anechoic.rl.algorithm;

import dev.anechoic.rl.algorithm.RlConfig.Average;
import dev.anechoic.rl.algorithm.RlConfig.KlPlacement;
import dev.anechoic.tensor.Kernels.KlEstimator;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Add;
import dev.anechoic.tensor.op.Entropy;
import dev.anechoic.tensor.op.KlSampled;
import dev.anechoic.tensor.op.PolicyLoss;
import dev.anechoic.tensor.op.Scale;
import dev.anechoic.tensor.op.TokenLogProbs;
import dev.anechoic.tensor.op.WeightedSum;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Group relative policy optimisation; Shao et al., DeepSeekMath (2024), equation 3: PPO's clipped
 * update without a critic, the samples of a prompt being each other's baseline.
 *
 * <p>{@link GroupAdvantage} and {@link Average} turn it into Dr. GRPO, RLOO and REINFORCE; unequal
 * clip bounds and dropped groups are those of DAPO (2025).
 */
public final class Grpo implements Trainer {
  private final RlConfig config;
  private final RlConfig.Kl kl;
  private final RlConfig.GrpoConfig grpo;
  private final RolloutSource source;
  private final Policy policy;
  private final Reference reference;
  private final KlController controller;
  private final GradientProbe probe;
  private final Phases phases;
  private final Interventions interventions;
  private final RecordedPasses<LossInputs, LossResults> passes;
  private int current; // step

  public Grpo(Setup setup, RlConfig.GrpoConfig grpo) {
    this.config = setup.config();
    this.kl = setup.kl();
    this.grpo = grpo;
    this.source = setup.source();
    this.policy = setup.policy();
    this.reference = setup.reference();
    this.probe = setup.probe();
    this.phases = setup.phases();
    this.interventions = setup.interventions();
    this.controller = new KlController(kl.coef(), kl.adaptiveTarget(), kl.adaptiveHorizon());
    this.passes =
        new RecordedPasses<>(
            policy,
            setup.ledger(),
            (batch, inputs) -> bothPasses(batch, inputs).copiedTo(batch),
            LossInputs::sameNumbers,
            policy::reset);
  }

  /** The passes that the device replays. */
  RecordedPasses<LossInputs, LossResults> passes() {
    return passes;
  }

  @Override
  public int steps() {
    return config.steps();
  }

  @Override
  public StepResult step(int step) {
    phases.step(step);
    current = step;
    List<Trajectory> rollout = source.rollout(step, phases);
    reference.score(rollout, phases);
    phases.start("advantage");
    List<Trajectory> trained = advantages(rollout);

    UpdateStats stats = new UpdateStats(clipLow(), clipHigh());
    probe.beginStep(step, rollout);
    passes:
    for (int epoch = 0; epoch < config.epochs(); epoch++) {
      for (List<Trajectory> minibatch :
          Minibatches.of(trained, config.minibatchTokens(), source.seed(), step, epoch)) {
        update(minibatch, stats);
        if (kl.stop() > 0 && stats.takeMinibatchKl() > kl.stop()) {
          break passes;
        }
      }
    }
    phases.end();
    Map<String, Double> metrics = RolloutMetrics.of(rollout, source.formats());
    metrics.put("kl/coef", controller.coef());
    stats.addTo(metrics);
    controller.update(metrics.getOrDefault("kl/sequence", 0.0), RolloutMetrics.judged(rollout));
    return new StepResult(metrics, rollout);
  }

  /** Advantages within each group; returns the completions to train on. */
  private List<Trajectory> advantages(List<Trajectory> rollout) {
    Map<Integer, List<Trajectory>> groups = new LinkedHashMap<>();
    for (Trajectory t : rollout) {
      groups.computeIfAbsent(t.prompt, p -> new ArrayList<>()).add(t);
    }
    List<Trajectory> trained = new ArrayList<>();
    for (List<Trajectory> group : groups.values()) {
      float[] rewards = rewards(group);
      float[] advantages = grpo.advantage().of(rewards);
      boolean dropped = grpo.dropZeroVariance() && !GroupAdvantage.varies(rewards);
      for (int g = 0; g < group.size(); g++) {
        Trajectory t = group.get(g);
        t.setAdvantage(advantages[g]);
        if (!t.masked() && !dropped) {
          trained.add(t);
        }
      }
    }
    interventions.adjust(rollout, source.formats());
    return trained;
  }

  /** Verified rewards, less the completion's KL where the penalty is a reward. */
  private float[] rewards(List<Trajectory> group) {
    float[] rewards = RolloutMetrics.rewards(group);
    if (kl.placement() == KlPlacement.REWARD) {
      for (int g = 0; g < rewards.length; g++) {
        float[] perToken = new float[group.get(g).length()];
        double coef = interventions.klCoef(group.get(g), controller.coef());
        KlReward.subtract(perToken, group.get(g), kl.settledEstimator(), coef);
        for (float penalty : perToken) {
          rewards[g] += penalty;
        }
      }
    }
    return rewards;
  }

  /** One optimizer update: gradients of all micro-batches of the minibatch, then AdamW. */
  private void update(List<Trajectory> minibatch, UpdateStats stats) {
    double tokens = minibatch.stream().mapToInt(Trajectory::length).sum();
    policy.zeroGrad();
    probe.beginUpdate(minibatch);
    CovarianceControl control =
        CovarianceControl.of(config.covariance(), minibatch, source.seed(), current);
    for (List<Trajectory> group : MicroBatch.split(minibatch)) {
      phases.start("forward");
      RecordedPasses<LossInputs, LossResults>.Pass recorded =
          probe.active() ? null : passes.of(group, hasKlTerm());
      MicroBatch batch = (recorded != null ? recorded.batch() : policy.batch()).load(group);
      phases.trained(policy.forwardFlops(batch));
      LossInputs inputs = inputs(batch, control, minibatch.size(), tokens);
      if (recorded != null) {
        phases.start("backward"); // a device replays both passes as one
        stats.observe(batch, recorded.run(inputs));
      } else {
        Losses losses = forward(batch, inputs);
        if (probe.active()) {
          phases.start("ledger");
          probe.passes(policy, batch, List.of());
        }
        phases.start("backward");
        policy.tape().backward(losses.loss);
        stats.observe(batch, losses.results);
        policy.reset();
      }
    }
    phases.start("optimizer");
    double lr = policy.lr();
    probe.beforeUpdate(policy, lr);
    stats.updated(policy.update(), lr);
    probe.afterUpdate(policy);
  }

  /** Whether the penalty to the base is a term of the loss. */
  private boolean hasKlTerm() {
    return kl.placement() == KlPlacement.LOSS
        && (interventions.perFormatKl() || controller.coef() != 0);
  }

  /** Columns of a loaded batch. */
  private LossInputs inputs(
      MicroBatch batch, CovarianceControl control, int completions, double tokens) {
    boolean perFormat = interventions.perFormatKl();
    boolean klTerm = hasKlTerm();
    ToDoubleFunction<Trajectory> weight = t -> weight(t, completions, tokens);
    Tensor weights = batch.constant(weight);
    Tensor klWeights =
        klTerm && perFormat
            ? batch.constant(
                t -> interventions.klCoef(t, controller.coef()) * weight.applyAsDouble(t))
            : weights;
    return new LossInputs(
        weights,
        batch.column(t -> t.logprobs),
        batch.column(t -> t.advantages),
        control.clips()
            ? batch.column(t -> control.withoutChosen(t, weight.applyAsDouble(t)))
            : weights,
        batch.empty(),
        control.penalises()
            ? batch.column(t -> control.atChosen(t, weight.applyAsDouble(t)))
            : null,
        perFormat ? 1 : controller.coef(),
        klTerm ? klWeights : null,
        klTerm ? batch.column(t -> t.refLogprobs) : null,
        null,
        null);
  }

  /**
   * The loss of a micro-batch, on the tape.
   *
   * @param loss [1], all terms
   */
  private record Losses(Tensor loss, LossResults results) {}

  private Losses forward(MicroBatch batch, LossInputs in) {
    Tape tape = policy.tape();
    Tensor logits = policy.model().logits(tape, policy.hidden(batch)); // [N,V]
    Tensor logprobs = TokenLogProbs.forward(tape, logits, batch.targets(), config.temperature());
    Tensor policyLoss =
        PolicyLoss.forward(
            tape, logprobs, in.oldLogprobs(), in.advantages(), clipLow(), clipHigh(), in.ratio());
    Tensor loss = WeightedSum.forward(tape, policyLoss, in.policyWeights());
    probe.outputs(logits, logprobs);
    probe.term("policy", 1, policyLoss, in.policyWeights());
    Tensor chosen = in.chosen();
    if (chosen != null) {
      double coef = config.covariance().coef();
      Tensor penalty = KlSampled.forward(tape, logprobs, in.oldLogprobs(), KlEstimator.K2);
      loss = add(tape, loss, WeightedSum.forward(tape, penalty, chosen), coef);
      probe.term("kl_cov", coef, penalty, chosen);
    }

    Tensor entropy = Entropy.forward(tape, logits, config.temperature());
    if (config.entropyCoef() != 0) {
      Tensor sum = WeightedSum.forward(tape, entropy, in.weights());
      loss = add(tape, loss, sum, -config.entropyCoef());
      probe.term("entropy", -config.entropyCoef(), entropy, in.weights());
    }
    Tensor klWeights = in.klWeights();
    Tensor refLogprobs = in.refLogprobs();
    if (klWeights != null && refLogprobs != null) {
      Tensor klLoss = KlSampled.forward(tape, logprobs, refLogprobs, kl.settledEstimator());
      loss = add(tape, loss, WeightedSum.forward(tape, klLoss, klWeights), in.klCoef());
      probe.term("kl", in.klCoef(), klLoss, klWeights);
    }
    return new Losses(loss, new LossResults(logprobs, in.ratio(), policyLoss, entropy, null));
  }

  private LossResults bothPasses(MicroBatch batch, LossInputs inputs) {
    Losses losses = forward(batch, inputs);
    policy.tape().backward(losses.loss);
    return losses.results;
  }

  /** Weight of one token of a completion in the loss of the minibatch. */
  private double weight(Trajectory t, int completions, double tokens) {
    return switch (grpo.average()) {
      case SEQUENCE -> 1.0 / completions / t.length();
      case TOKEN -> 1 / tokens;
      case CONSTANT -> 1.0 / completions / config.maxNewTokens();
    };
  }

  /** REINFORCE has no clip: the ratio alone, whose gradient at 1 is that of log π. */
  private double clipLow() {
    return grpo.advantage() == GroupAdvantage.REINFORCE ? 1 : config.clipLow();
  }

  private double clipHigh() {
    return grpo.advantage() == GroupAdvantage.REINFORCE
        ? Double.POSITIVE_INFINITY
        : config.clipHigh();
  }

  private static Tensor add(Tape tape, Tensor loss, Tensor term, double coef) {
    return Add.forward(tape, loss, Scale.forward(tape, term, coef));
  }

  @Override
  public TrainerState state() {
    return new TrainerState(controller, List.of(policy.optimizer()), List.of());
  }

  @Override
  public void close() {
    passes.close();
  }
}
