package dev.anechoic.rl.ledger;

import dev.anechoic.model.sample.Scorer;
import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.algorithm.Trajectory;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The push of each completion on the log-odds of its own format, without a backward pass per
 * completion: {@code ⟨D ∇ℓ, g_i⟩ = Σ_t (∂L/∂log π_t) d/dε log π_t(θ + ε D ∇ℓ)}, the derivative as a
 * central difference. Two forward passes over the completions give all of them.
 */
final class SamplePushes implements AutoCloseable {
  /** Change of the log-odds that the difference makes on either side, nats. */
  private static final double REACH = 0.02;

  private final Parameters parameters;
  private final Backend backend;
  private final double temperature;
  private final Arena arena;
  private final Tensor current; // [flatSize]
  private final Scorer scorer;

  SamplePushes(Transformer model, double temperature, MemoryLedger ledger) {
    parameters = model.parameters();
    backend = model.backend();
    this.temperature = temperature;
    arena = new Arena(backend, Arena.Tag.WORKSPACE, ledger);
    current = arena.like(parameters.flat());
    scorer = new Scorer(model, ledger);
  }

  /**
   * The inner products {@code ⟨D ∇ℓ, g_i⟩}.
   *
   * @param base the parameters θ before the update [flatSize]; the present ones are put back
   * @param direction {@code D ∇ℓ} [flatSize]
   * @param sensitivity {@code ⟨∇ℓ, D ∇ℓ⟩}
   * @param tokenGradients {@code ∂L/∂log π} of each token
   */
  double[] along(
      Tensor base,
      Tensor direction,
      double sensitivity,
      List<Trajectory> completions,
      Map<Trajectory, double[]> tokenGradients) {
    double[] products = new double[completions.size()];
    if (!(sensitivity > 0)) {
      return products;
    }
    double reach = REACH / sensitivity;
    backend.copy(parameters.flat(), current);
    List<int[]> sequences = new ArrayList<>();
    completions.forEach(t -> sequences.add(sequence(t)));
    float[][] up = scored(base, direction, reach, sequences);
    float[][] down = scored(base, direction, -reach, sequences);
    backend.copy(current, parameters.flat());
    for (int i = 0; i < products.length; i++) {
      Trajectory t = completions.get(i);
      double[] gradient = tokenGradients.getOrDefault(t, new double[t.length()]);
      int from = t.promptTokens.length - 1;
      for (int n = 0; n < gradient.length; n++) {
        double slope = ((double) up[i][from + n] - down[i][from + n]) / (2 * reach);
        products[i] += gradient[n] * slope;
      }
    }
    return products;
  }

  private float[][] scored(Tensor base, Tensor direction, double step, List<int[]> sequences) {
    backend.copy(base, parameters.flat());
    backend.scale(direction, step, parameters.flat(), true);
    return scorer.logprobs(sequences, temperature);
  }

  private static int[] sequence(Trajectory t) {
    int[] all = new int[t.promptTokens.length + t.length()];
    System.arraycopy(t.promptTokens, 0, all, 0, t.promptTokens.length);
    System.arraycopy(t.tokens, 0, all, t.promptTokens.length, t.length());
    return all;
  }

  @Override
  public void close() {
    scorer.close();
    arena.close();
  }
}
