package dev.anechoic.rl.algorithm;

import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.CrossEntropy;
import dev.anechoic.tensor.op.Entropy;
import dev.anechoic.tensor.op.TokenLogProbs;
import dev.anechoic.tensor.op.WeightedSum;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Expert iteration; Anthony, Tian, Barber (2017), as in Zhao et al., "Echo Chamber" (2025): a round
 * samples from the current policy, keeps the correct completions, drops duplicates, and trains the
 * base, not the current policy, on what it kept. Dropping duplicates favours the format whose
 * correct answers vary most in their wording, whatever its accuracy.
 *
 * <p>A step is a round. No advantage, no ratio, no penalty: the base is near because training
 * starts from it.
 */
public final class ExpertIteration implements Trainer {
  private final RlConfig config;
  private final RlConfig.ExpertConfig expert;
  private final RolloutSource source;
  private final Policy policy;
  private final Reference reference;
  private final GradientProbe probe;
  private final Phases phases;
  private final RecordedPasses<Tensor, Scores> scoring;
  private final RecordedPasses<Tensor, Tensor> training;

  /** Of the completion tokens of a batch, [N] each. */
  private record Scores(Tensor logprobs, Tensor entropies) {}

  public ExpertIteration(Setup setup, RlConfig.ExpertConfig expert) {
    this.config = setup.config();
    this.expert = expert;
    this.source = setup.source();
    this.policy = setup.policy();
    this.reference = setup.reference();
    this.probe = setup.probe();
    this.phases = setup.phases();
    scoring =
        new RecordedPasses<>(
            policy,
            setup.ledger(),
            (batch, targets) -> {
              Scores scores = scores(batch);
              return new Scores(kept(scores.logprobs, batch), kept(scores.entropies, batch));
            },
            (last, now) -> true,
            policy::reset);
    training =
        new RecordedPasses<>(
            policy,
            setup.ledger(),
            (batch, weights) -> {
              Tensor loss = loss(batch, weights);
              policy.tape().backward(loss);
              return kept(loss, batch);
            },
            (last, now) -> true,
            policy::reset);
  }

  /** Recorded passes over shapes that came again. */
  int recorded() {
    return scoring.count() + training.count();
  }

  /** A result at the beginning of a column of the batch, which stays when the tape is reset. */
  private static Tensor kept(Tensor result, MicroBatch batch) {
    Tensor kept = batch.empty().slice(0, Math.toIntExact(result.size()));
    result.arena().backend().copy(result, kept);
    return kept;
  }

  /** Rounds. */
  @Override
  public int steps() {
    return config.steps();
  }

  @Override
  public StepResult step(int round) {
    phases.step(round);
    List<Trajectory> rollout = source.rollout(round, expert.topP(), phases);
    double mismatch = score(rollout);
    reference.score(rollout, phases);
    List<Trajectory> kept = correctOnes(rollout);

    policy.restart(reference.model());
    probe.beginStep(round, rollout);
    SftStats stats = new SftStats();
    for (int epoch = 0; epoch < config.epochs(); epoch++) {
      for (List<Trajectory> minibatch :
          Minibatches.of(kept, config.minibatchTokens(), source.seed(), round, epoch)) {
        update(minibatch, stats);
      }
    }
    phases.end();
    Map<String, Double> metrics = RolloutMetrics.of(rollout, source.formats());
    metrics.put("rollout/logprob_mismatch", mismatch);
    metrics.put("expert/kept", (double) kept.size());
    for (String format : RolloutMetrics.classes(source.formats())) {
      long own = kept.stream().filter(t -> t.grade.format().equals(format)).count();
      metrics.put("format/" + format + "/kept", (double) own);
    }
    metrics.put("optim/lr", expert.sftLr());
    stats.addTo(metrics);
    return new StepResult(metrics, rollout);
  }

  /**
   * Fills in entropies, and the policy's own log-probs in place of the sampler's, which are over
   * the nucleus; KL and entropy are then those of the policy, and not of its nucleus.
   *
   * @return largest difference between the two beyond the {@code -ln top_p} by which a nucleus may
   *     raise a log-prob
   */
  private double score(List<Trajectory> rollout) {
    phases.start("policy");
    phases.count("policy", RolloutFlops.forward(policy.model().config(), rollout));
    double room = -Math.log(expert.topP());
    double mismatch = 0;
    policy.tape().setRecording(false);
    try {
      for (List<Trajectory> group : MicroBatch.split(rollout)) {
        RecordedPasses<Tensor, Scores>.Pass recorded = scoring.of(group, false);
        MicroBatch batch = (recorded != null ? recorded.batch() : policy.batch()).load(group);
        Scores scores = recorded != null ? recorded.run(batch.targets()) : scores(batch);
        List<float[]> logprobs = batch.split(scores.logprobs);
        List<float[]> entropies = batch.split(scores.entropies);
        for (int s = 0; s < group.size(); s++) {
          Trajectory t = group.get(s);
          for (int i = 0; i < t.length(); i++) {
            double raised = (double) t.logprobs[i] - logprobs.get(s)[i];
            mismatch = Math.max(mismatch, Math.max(raised - room, -raised));
          }
          t.logprobs = logprobs.get(s);
          t.entropies = entropies.get(s);
        }
        policy.reset();
      }
    } finally {
      policy.reset();
      policy.tape().setRecording(true);
    }
    return mismatch;
  }

  private Scores scores(MicroBatch batch) {
    Tape tape = policy.tape();
    Tensor logits = policy.model().logits(tape, policy.hidden(batch)); // [N,V]
    return new Scores(
        TokenLogProbs.forward(tape, logits, batch.targets(), config.temperature()),
        Entropy.forward(tape, logits, config.temperature()));
  }

  /** Rewarded completions; where duplicates are dropped, each text once per prompt. */
  private List<Trajectory> correctOnes(List<Trajectory> rollout) {
    record Answer(int prompt, String text) {}
    Set<Answer> seen = new LinkedHashSet<>();
    List<Trajectory> kept = new ArrayList<>();
    for (Trajectory t : rollout) {
      if (t.reward > 0 && (!expert.dropDuplicates() || seen.add(new Answer(t.prompt, t.text)))) {
        kept.add(t);
      }
    }
    return kept;
  }

  /** One step of supervised training: mean cross-entropy over the completion tokens. */
  private void update(List<Trajectory> minibatch, SftStats stats) {
    double tokens = minibatch.stream().mapToInt(Trajectory::length).sum();
    policy.zeroGrad();
    probe.beginUpdate(minibatch);
    for (List<Trajectory> group : MicroBatch.split(minibatch)) {
      phases.start("forward");
      RecordedPasses<Tensor, Tensor>.Pass recorded =
          probe.active() ? null : training.of(group, false);
      MicroBatch batch = (recorded != null ? recorded.batch() : policy.batch()).load(group);
      phases.trained(policy.forwardFlops(batch));
      Tensor weights = batch.constant(t -> 1 / tokens);
      if (recorded != null) {
        phases.start("backward"); // a device replays both passes as one
        stats.loss(recorded.run(weights).toFloats()[0]);
        continue;
      }
      Tensor loss = loss(batch, weights);
      if (probe.active()) {
        phases.start("ledger");
        probe.passes(policy, batch, List.of());
      }
      phases.start("backward");
      policy.tape().backward(loss);
      stats.loss(loss.toFloats()[0]);
      policy.reset();
    }
    phases.start("optimizer");
    probe.beforeUpdate(policy, expert.sftLr());
    stats.updated(policy.update(expert.sftLr()));
    probe.afterUpdate(policy);
  }

  /** The batch's share of the mean cross-entropy, [1], on the tape. */
  private Tensor loss(MicroBatch batch, Tensor weights) {
    Tape tape = policy.tape();
    Tensor logits = policy.model().logits(tape, policy.hidden(batch)); // [N,V]
    Tensor losses = CrossEntropy.forward(tape, logits, batch.targets()); // [N]
    Tensor loss = WeightedSum.forward(tape, losses, weights);
    probe.outputs(logits, null);
    probe.term("policy", 1, losses, weights);
    return loss;
  }

  /** Loss and gradient norm, averaged over the updates of a round. */
  private static final class SftStats {
    private double loss;
    private double gradNorm;
    private int updates;

    void loss(double share) {
      loss += share;
    }

    void updated(double norm) {
      gradNorm += norm;
      updates++;
    }

    void addTo(Map<String, Double> metrics) {
      metrics.put("optim/updates", (double) updates);
      if (updates > 0) {
        metrics.put("expert/loss", loss / updates);
        metrics.put("optim/grad_norm", gradNorm / updates);
      }
    }
  }

  @Override
  public TrainerState state() {
    return new TrainerState(new KlController(0, 0, 1), List.of(policy.optimizer()), List.of());
  }

  @Override
  public void close() {
    scoring.close();
    training.close();
  }
}
