package dev.anechoic.rl.algorithm;

import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.sample.StateReadout;
import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.model.transformer.ValueHead;
import dev.anechoic.rl.algorithm.RlConfig.Critic;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * PPO's critic: a linear head on the policy's hidden states, with or without a gradient into the
 * policy, or on those of a transformer of its own that starts from the base.
 */
final class ValueModel implements AutoCloseable {
  private final RlConfig.PpoConfig ppo;
  private final Policy policy;
  private final ValueHead head;
  private final AdamW headOptimizer;
  private final @Nullable Transformer own;
  private final @Nullable AdamW ownOptimizer;
  private final Arena activations;
  private final Tape tape;
  private final SharedPromptPass estimates;

  ValueModel(
      RlConfig config,
      RlConfig.PpoConfig ppo,
      Policy policy,
      Transformer base,
      MemoryLedger ledger) {
    this.ppo = ppo;
    this.policy = policy;
    head = new ValueHead(base.config().channels(), base.backend(), ledger);
    head.parameters().trainable();
    headOptimizer = optimizer(config, head.parameters());
    if (ppo.critic() == Critic.OWN) {
      own = new Transformer(base.config(), base.backend(), ledger);
      own.parameters().copyFrom(base.parameters());
      own.parameters().trainable();
      ownOptimizer = optimizer(config, own.parameters());
    } else {
      own = null;
      ownOptimizer = null;
    }
    activations = new Arena(base.backend(), Arena.Tag.ACTIVATIONS, ledger);
    tape = new Tape(activations);
    estimates =
        new SharedPromptPass(
            own == null ? policy.model() : own,
            (passTape, targets, states) -> head.values(passTape, states, true),
            ledger);
  }

  private static AdamW optimizer(RlConfig config, Parameters parameters) {
    AdamW.Settings policy = config.optimizer();
    return new AdamW(
        parameters,
        new AdamW.Settings(
            policy.beta1(), policy.beta2(), policy.eps(), 0, false, policy.maxGradNorm()));
  }

  /** Recorded passes of the estimates. */
  int recorded() {
    return estimates.recorded();
  }

  /** The tape on which values are recorded: the policy's where the head sits on the policy. */
  Tape tape() {
    return own == null ? policy.tape() : tape;
  }

  /** Whether one backward pass serves policy and critic. */
  boolean sharesTape() {
    return own == null;
  }

  /**
   * Values of the states that chose the completion tokens of a batch.
   *
   * @param policyHidden [N,C] of the policy for the same batch
   * @return [N]
   */
  Tensor values(MicroBatch batch, Tensor policyHidden) {
    if (own == null) {
      return head.values(policy.tape(), policyHidden, ppo.critic() == Critic.DETACHED_HEAD);
    }
    return head.values(tape, own.hiddenRows(tape, batch.tokens(), batch.rows()), false);
  }

  /** Operations of a network of its own in one forward pass; a head's are next to none. */
  double forwardFlops(MicroBatch batch) {
    return own == null ? 0 : RolloutFlops.trunk(own.config(), batch.sequences());
  }

  /**
   * What the sampler reads off its states: the values, where the head sits on the policy; else
   * null.
   */
  @Nullable StateReadout readout() {
    return own == null ? (pass, hidden) -> head.values(pass, hidden, false) : null;
  }

  /**
   * Fills {@link Trajectory#values} with the estimates before the update, where the sampler has not
   * read them.
   */
  void estimate(List<Trajectory> rollout, Phases phases) {
    phases.start("value");
    List<Trajectory> open = rollout.stream().filter(t -> t.values.length < t.length()).toList();
    phases.count("value", RolloutFlops.sharedTrunk(policy.model().config(), open));
    estimates.forEach(open, (t, values) -> t.values = values);
  }

  void zeroGrad() {
    head.parameters().zeroGrad();
    if (own != null) {
      own.parameters().zeroGrad();
    }
  }

  void reset() {
    tape.reset();
  }

  /**
   * One step of each optimizer.
   *
   * @throws TensorException of kind NOT_FINITE where a gradient has left the numbers
   */
  void update() {
    headOptimizer.step(ppo.criticLr());
    headOptimizer.finiteGradNorm();
    if (ownOptimizer != null) {
      ownOptimizer.step(ppo.criticLr());
      ownOptimizer.finiteGradNorm();
    }
  }

  /** The critic's parameters that a backward pass over the policy's tape may reach. */
  List<Parameters> onPolicyTape() {
    return own == null ? List.of(head.parameters()) : List.of();
  }

  /** The critic's parameters, for a checkpoint. */
  List<Parameters> parameters() {
    return own == null ? List.of(head.parameters()) : List.of(head.parameters(), own.parameters());
  }

  /** The critic's optimizers with their parameters, for a checkpoint. */
  List<AdamW> optimizers() {
    List<AdamW> all = new ArrayList<>();
    all.add(headOptimizer);
    if (ownOptimizer != null) {
      all.add(ownOptimizer);
    }
    return all;
  }

  /** {@code 1 - Var(R - V) / Var(R)} over the tokens; NaN where all returns are equal. */
  static double explainedVariance(List<Trajectory> rollout) {
    double n = 0;
    double sumR = 0;
    double sumE = 0;
    double squaresR = 0;
    double squaresE = 0;
    for (Trajectory t : rollout) {
      for (int i = 0; i < t.length(); i++) {
        double r = t.returns[i];
        double e = r - t.values[i];
        n++;
        sumR += r;
        sumE += e;
        squaresR += r * r;
        squaresE += e * e;
      }
    }
    double varR = squaresR / n - sumR / n * (sumR / n);
    double varE = squaresE / n - sumE / n * (sumE / n);
    return varR > 0 ? 1 - varE / varR : Double.NaN;
  }

  @Override
  public void close() {
    estimates.close();
    tape.reset();
    activations.close();
    optimizers().forEach(AdamW::close);
    head.close();
    if (own != null) {
      own.close();
    }
  }
}
