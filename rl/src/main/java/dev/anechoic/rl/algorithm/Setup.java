package dev.anechoic.rl.algorithm;

import dev.anechoic.tensor.MemoryLedger;

/**
 * What every algorithm starts from.
 *
 * @param config batch sizes, lengths, optimizer
 * @param kl the penalty to the base
 * @param interventions hands laid on format selection
 * @param source makes rollouts
 * @param policy the model in training, at the base's parameters
 * @param reference the base, frozen
 * @param probe watches the updates
 * @param phases the clock
 * @param ledger counts memory
 */
public record Setup(
    RlConfig config,
    RlConfig.Kl kl,
    Interventions interventions,
    RolloutSource source,
    Policy policy,
    Reference reference,
    GradientProbe probe,
    Phases phases,
    MemoryLedger ledger) {
  /** Without interventions. */
  public Setup(
      RlConfig config,
      RlConfig.Kl kl,
      RolloutSource source,
      Policy policy,
      Reference reference,
      GradientProbe probe,
      Phases phases,
      MemoryLedger ledger) {
    this(config, kl, Interventions.NONE, source, policy, reference, probe, phases, ledger);
  }
}
