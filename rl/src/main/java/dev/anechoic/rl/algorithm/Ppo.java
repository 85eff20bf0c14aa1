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
    this.controller = new KlController(kl.coef(), kl.adaptiveTarget(), kl.adaptiveHorizon());
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
    boolean perFormat = interventions.perFormatKl();
    double tokens = minibatch.stream().mapToInt(Trajectory::length).sum();
    policy.zeroGrad();
    critic.zeroGrad();
    probe.beginUpdate(minibatch);
    CovarianceControl control =
        CovarianceControl.of(config.covariance(), minibatch, source.seed(), current);
    for (List<Trajectory> group : MicroBatch.split(minibatch)) {
      phases.start("forward");
      MicroBatch batch = policy.batch().load(group);
      phases.trained(policy.forwardFlops(batch) + critic.forwardFlops(batch));
      Tape tape = policy.tape();
      Tensor weights = batch.constant(t -> 1 / tokens);
      Tensor hidden = policy.hidden(batch); // [N,C]
      Tensor logits = policy.model().logits(tape, hidden); // [N,V]
      Tensor logprobs = TokenLogProbs.forward(tape, logits, batch.targets(), config.temperature());
      Tensor old = batch.column(t -> t.logprobs);
      Tensor ratio = batch.empty();
      Tensor policyLoss =
          PolicyLoss.forward(
              tape,
              logprobs,
              old,
              batch.column(t -> t.advantages),
              config.clipLow(),
              config.clipHigh(),
              ratio);
      Tensor policyWeights =
          control.clips() ? batch.column(t -> control.withoutChosen(t, 1 / tokens)) : weights;
      Tensor loss = WeightedSum.forward(tape, policyLoss, policyWeights);
      probe.outputs(logits, logprobs);
      probe.term("policy", 1, policyLoss, policyWeights);
      if (control.penalises()) {
        Tensor chosen = batch.column(t -> control.atChosen(t, 1 / tokens));
        double coef = config.covariance().coef();
        Tensor penalty = KlSampled.forward(tape, logprobs, old, KlEstimator.K2);
        loss = add(tape, loss, WeightedSum.forward(tape, penalty, chosen), coef);
        probe.term("kl_cov", coef, penalty, chosen);
      }

      Tensor entropy = Entropy.forward(tape, logits, config.temperature());
      if (config.entropyCoef() != 0) {
        loss = add(tape, loss, WeightedSum.forward(tape, entropy, weights), -config.entropyCoef());
        probe.term("entropy", -config.entropyCoef(), entropy, weights);
      }
      if (kl.placement() == KlPlacement.LOSS && (perFormat || controller.coef() != 0)) {
        double coef = perFormat ? 1 : controller.coef();
        Tensor klWeights =
            perFormat
                ? batch.constant(t -> interventions.klCoef(t, controller.coef()) / tokens)
                : weights;
        Tensor klLoss =
            KlSampled.forward(
                tape, logprobs, batch.column(t -> t.refLogprobs), kl.settledEstimator());
        loss = add(tape, loss, WeightedSum.forward(tape, klLoss, klWeights), coef);
        probe.term("kl", coef, klLoss, klWeights);
      }
      Tensor values = critic.values(batch, hidden);
      Tensor valueLoss =
          ValueLoss.forward(
              critic.tape(),
              values,
              batch.column(t -> t.values),
              batch.column(t -> t.returns),
              ppo.valueClip() == 0 ? Double.POSITIVE_INFINITY : ppo.valueClip());
      Tensor meanValueLoss = WeightedSum.forward(critic.tape(), valueLoss, weights);
      double valueCoef = ppo.critic() == Critic.SHARED_TRUNK ? ppo.valueCoef() : 1;
      if (ppo.critic() == Critic.SHARED_TRUNK) {
        probe.term("value", valueCoef, valueLoss, weights);
      }

      if (probe.active()) {
        phases.start("ledger");
        probe.passes(policy, batch, critic.onPolicyTape());
      }
      phases.start("backward");
      if (critic.sharesTape()) {
        tape.backward(add(tape, loss, meanValueLoss, valueCoef));
      } else {
        tape.backward(loss);
        critic.tape().backward(meanValueLoss);
      }
      stats.observe(batch, logprobs, ratio, policyLoss, entropy, valueLoss);
      policy.reset();
      critic.reset();
    }
    phases.start("optimizer");
    double lr = policy.lr();
    probe.beforeUpdate(policy, lr);
    stats.updated(policy.update(), lr);
    critic.update();
    probe.afterUpdate(policy);
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
    critic.close();
  }
}
