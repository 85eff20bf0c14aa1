package dev.anechoic.rl.ledger;

import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.MemoryLedger;
import java.util.List;

/**
 * What the ledger is kept on.
 *
 * @param model the policy's
 * @param openings of the formats
 * @param prompts token ids of the probe prompts
 * @param temperature of the rollout, at which the policy is the distribution that is sampled
 * @param sampler draws completions of the probe prompts; asked only where openings do not separate
 * @param memory counts memory
 */
public record LedgerSetup(
    Transformer model,
    Openings openings,
    List<int[]> prompts,
    double temperature,
    ProbeSampler sampler,
    MemoryLedger memory) {

  FormatOdds odds() {
    return openings.separate()
        ? new OpeningOdds(model, prompts, openings, temperature, memory)
        : new SampledOdds(model, sampler, openings.formats(), temperature, memory);
  }
}
