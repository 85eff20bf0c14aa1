package dev.anechoic.rl.algorithm;

import dev.anechoic.model.optim.AdamW;
import dev.anechoic.rl.algorithm.RlConfig.Critic;
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
import dev.anechoic.tensor.op.ValueLoss;
import dev.anechoic.tensor.op.WeightedSum;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Proximal policy optimisation; Schulman et al. (2017), for language models as in Ziegler et al.
 * (2019) and Stiennon et al. (2020): a token is an action, the verified reward comes with the last
 * token, and a KL penalty to the base keeps the policy near it.
 *
 * <p>One step, top to bottom: sample, score under the reference, estimate values, make rewards and
 * advantages, then {@code epochs} passes of clipped updates.
 */
public final class Ppo implements Trainer {
  private final RlConfig config;
  private final RlConfig.Kl kl;
  private final RlConfig.PpoConfig ppo;
  private final RolloutSource source;
  private final Policy policy;
  private final ValueModel critic;
  private final Reference reference;
  private final KlController controller;
  private final GradientProbe probe;
  private final Phases phases;
  private final Interventions interventions;
  private final RecordedPasses<LossInputs, LossResults> passes;
  private int current; // step

  public Ppo(Setup setup, RlConfig.PpoConfig ppo) {
    this.config = setup.config();
    this.kl = setup.kl();
    this.ppo = ppo;
    this.source = setup.source();
    this.policy = setup.policy();
    this.reference = setup.reference();
    this.probe = setup.probe();
    this.phases = setup.phases();
    this.interventions = setup.interventions();
    this.critic = new ValueModel(config, ppo, policy, reference.model(), setup.ledger());
    source.setReadout(critic.readout());
    this.controller = new KlController(kl.coef(), kl.adaptiveTarget(), kl.adaptiveHorizon());
    this.passes =
        new RecordedPasses<>(
            policy,
            setup.ledger(),
            (batch, inputs) -> bothPasses(batch, inputs).copiedTo(batch),
            LossInputs::sameNumbers,
            this::reset);
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
    critic.estimate(rollout, phases);
    phases.start("advantage");
    advantages(rollout);

    UpdateStats stats = new UpdateStats(config.clipLow(), config.clipHigh());
    List<Trajectory> trained = rollout.stream().filter(t -> !t.masked()).toList();
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
    double explained = ValueModel.explainedVariance(trained);
    if (!Double.isNaN(explained)) {
      metrics.put("ppo/explained_variance", explained);
    }
    stats.addTo(metrics);
    controller.update(metrics.getOrDefault("kl/sequence", 0.0), RolloutMetrics.judged(rollout));
    return new StepResult(metrics, rollout);
  }

  /** Token rewards, GAE, and whitening over the rollout. */
  private void advantages(List<Trajectory> rollout) {
    List<float[]> all = new ArrayList<>();
    for (Trajectory t : rollout) {
      if (t.masked() || t.length() == 0) {
        continue;
      }
      float[] rewards = new float[t.length()];
      if (kl.placement() == KlPlacement.REWARD) {
        double coef = interventions.klCoef(t, controller.coef());
        KlReward.subtract(rewards, t, kl.settledEstimator(), coef);
      }
      rewards[t.length() - 1] += t.reward;
      t.returns = new float[t.length()];
      Gae.compute(rewards, t.values, ppo.gamma(), ppo.lambda(), t.advantages, t.returns);
      all.add(t.advantages);
    }
    if (ppo.whiten()) {
      Whitening.whiten(all);
    }
    interventions.adjust(rollout, source.formats());
  }

  /** One optimizer update: gradients of all micro-batches of the minibatch, then AdamW. */
  private void update(List<Trajectory> minibatch, UpdateStats stats) {
    double tokens = minibatch.stream().mapToInt(Trajectory::length).sum();
    policy.zeroGrad();
    critic.zeroGrad();
    probe.beginUpdate(minibatch);
    CovarianceControl control =
        CovarianceControl.of(config.covariance(), minibatch, source.seed(), current);
    for (List<Trajectory> group : MicroBatch.split(minibatch)) {
      phases.start("forward");
      RecordedPasses<LossInputs, LossResults>.Pass recorded =
          probe.active() ? null : passes.of(group, hasKlTerm());
      MicroBatch batch = (recorded != null ? recorded.batch() : policy.batch()).load(group);
      phases.trained(policy.forwardFlops(batch) + critic.forwardFlops(batch));
      LossInputs inputs = inputs(batch, control, tokens);
      if (recorded != null) {
        phases.start("backward"); // a device replays both passes as one
        stats.observe(batch, recorded.run(inputs));
      } else {
        Losses losses = forward(batch, inputs);
        if (probe.active()) {
          phases.start("ledger");
          probe.passes(policy, batch, critic.onPolicyTape());
        }
        phases.start("backward");
        backward(losses);
        stats.observe(batch, losses.results);
        reset();
      }
    }
    phases.start("optimizer");
    double lr = policy.lr();
    probe.beforeUpdate(policy, lr);
    stats.updated(policy.update(), lr);
    critic.update();
    probe.afterUpdate(policy);
  }

  /** Whether the penalty to the base is a term of the loss. */
  private boolean hasKlTerm() {
    return kl.placement() == KlPlacement.LOSS
        && (interventions.perFormatKl() || controller.coef() != 0);
  }

  /** Columns of a loaded batch. */
  private LossInputs inputs(MicroBatch batch, CovarianceControl control, double tokens) {
    boolean perFormat = interventions.perFormatKl();
    boolean klTerm = hasKlTerm();
    Tensor weights = batch.constant(t -> 1 / tokens);
    Tensor klWeights =
        klTerm && perFormat
            ? batch.constant(t -> interventions.klCoef(t, controller.coef()) / tokens)
            : weights;
    return new LossInputs(
        weights,
        batch.column(t -> t.logprobs),
        batch.column(t -> t.advantages),
        control.clips() ? batch.column(t -> control.withoutChosen(t, 1 / tokens)) : weights,
        batch.empty(),
        control.penalises() ? batch.column(t -> control.atChosen(t, 1 / tokens)) : null,
        perFormat ? 1 : controller.coef(),
        klTerm ? klWeights : null,
        klTerm ? batch.column(t -> t.refLogprobs) : null,
        batch.column(t -> t.values),
        batch.column(t -> t.returns));
  }

  /**
   * The losses of a micro-batch, on the tapes.
   *
   * @param policy [1], all terms on the policy's tape but the value's
   * @param value [1], the mean value loss
   */
  private record Losses(Tensor policy, Tensor value, LossResults results) {}

  private Losses forward(MicroBatch batch, LossInputs in) {
    Tape tape = policy.tape();
    Tensor hidden = policy.hidden(batch); // [N,C]
    Tensor logits = policy.model().logits(tape, hidden); // [N,V]
    Tensor logprobs = TokenLogProbs.forward(tape, logits, batch.targets(), config.temperature());
    Tensor policyLoss =
        PolicyLoss.forward(
            tape,
            logprobs,
            in.oldLogprobs(),
            in.advantages(),
            config.clipLow(),
            config.clipHigh(),
            in.ratio());
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
    Tensor values = critic.values(batch, hidden);
    Tensor valueLoss =
        ValueLoss.forward(
            critic.tape(),
            values,
            Objects.requireNonNull(in.values()),
            Objects.requireNonNull(in.returns()),
            ppo.valueClip() == 0 ? Double.POSITIVE_INFINITY : ppo.valueClip());
    Tensor meanValueLoss = WeightedSum.forward(critic.tape(), valueLoss, in.weights());
    if (ppo.critic() == Critic.SHARED_TRUNK) {
      probe.term("value", valueCoef(), valueLoss, in.weights());
    }
    LossResults results = new LossResults(logprobs, in.ratio(), policyLoss, entropy, valueLoss);
    return new Losses(loss, meanValueLoss, results);
  }

  private double valueCoef() {
    return ppo.critic() == Critic.SHARED_TRUNK ? ppo.valueCoef() : 1;
  }

  private void backward(Losses losses) {
    Tape tape = policy.tape();
    if (critic.sharesTape()) {
      tape.backward(add(tape, losses.policy, losses.value, valueCoef()));
    } else {
      tape.backward(losses.policy);
      critic.tape().backward(losses.value);
    }
  }

  private LossResults bothPasses(MicroBatch batch, LossInputs inputs) {
    Losses losses = forward(batch, inputs);
    backward(losses);
    return losses.results;
  }

  private void reset() {
    policy.reset();
    critic.reset();
  }

  private static Tensor add(Tape tape, Tensor loss, Tensor term, double coef) {
    return Add.forward(tape, loss, Scale.forward(tape, term, coef));
  }

  @Override
  public TrainerState state() {
    List<AdamW> optimizers = new ArrayList<>();
    optimizers.add(policy.optimizer());
    optimizers.addAll(critic.optimizers());
    return new TrainerState(controller, optimizers, critic.parameters());
  }

  @Override
  public void close() {
    source.setReadout(null);
    passes.close();
    critic.close();
  }
}
