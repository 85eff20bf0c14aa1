package dev.anechoic.rl.ledger;

import dev.anechoic.model.sample.Completion;
import java.util.List;

/** Draws completions of the probe prompts from the policy as it stands, and names their formats. */
public interface ProbeSampler {
  /**
   * Completions of all probe prompts.
   *
   * @param draw counts the draws: the address of their random numbers
   */
  List<Completion> sample(int draw);

  /** Name of a completion's format, {@code mixed} or {@code none}. */
  String format(Completion completion);
}
