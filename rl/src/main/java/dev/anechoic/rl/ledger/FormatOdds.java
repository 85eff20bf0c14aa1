package dev.anechoic.rl.ledger;

import dev.anechoic.tensor.Tensor;
import java.util.List;

/** The log-odds of each format on fixed prompts under the model as it stands, in nats. */
interface FormatOdds extends AutoCloseable {
  /** Mean over the prompts of {@code ln P(f) / (1 − P(f))} [F]. */
  double[] logOdds();

  /**
   * The log-odds, and their gradients with respect to the parameters.
   *
   * @param gradients [F] tensors of the layout of the parameters, overwritten
   */
  double[] withGradients(List<Tensor> gradients);

  @Override
  void close();
}
