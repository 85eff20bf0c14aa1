package dev.anechoic.rl.algorithm;

import dev.anechoic.rl.RlStreams;
import dev.anechoic.rl.algorithm.RlConfig.Covariance;
import dev.anechoic.rl.algorithm.RlConfig.CovarianceMethod;
import dev.anechoic.rl.measure.LogprobAdvantageCovariance;
import dev.anechoic.tensor.Philox;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Holds entropy up by the few tokens that pull it down; Cui et al., "The entropy mechanism of RL
 * for reasoning language models" (arXiv 2505.22617), section 4. A token's covariance term is {@code
 * (log π − mean)(A − mean)} over the update.
 *
 * <ul>
 *   <li>Clip-Cov (equation 11): of the tokens whose term lies between two bounds, a random few lose
 *       their policy gradient.
 *   <li>KL-Cov (equation 13): the tokens with the largest terms are held at the policy that sampled
 *       them by a KL penalty, here {@code k2 = (log ratio)² / 2}, which pulls from either side.
 * </ul>
 *
 * <p>The log-probs are those of the sampling policy, so that the choice is made before the forward
 * pass.
 */
final class CovarianceControl {
  private final Map<Trajectory, boolean[]> chosen = new IdentityHashMap<>();
  private final CovarianceMethod method;

  private CovarianceControl(CovarianceMethod method) {
    this.method = method;
  }

  /** A token of the update. */
  private record Token(Trajectory trajectory, int position, double term) {}

  /** Chooses the tokens of an update. */
  static CovarianceControl of(Covariance config, List<Trajectory> minibatch, long seed, int step) {
    CovarianceControl control = new CovarianceControl(config.method());
    if (config.method() == CovarianceMethod.NONE) {
      return control;
    }
    List<Token> tokens = tokens(minibatch);
    int count = (int) Math.round(config.share() * tokens.size());
    Comparator<Token> order;
    if (config.method() == CovarianceMethod.CLIP) {
      tokens.removeIf(t -> t.term < config.low() || t.term > config.high());
      order = Comparator.comparingLong(t -> address(t, seed, step));
    } else {
      order = Comparator.comparingDouble(t -> -t.term);
    }
    tokens.sort(order);
    for (Token token : tokens.subList(0, Math.min(count, tokens.size()))) {
      control
              .chosen
              .computeIfAbsent(token.trajectory, t -> new boolean[t.length()])[token.position] =
          true;
    }
    return control;
  }

  private static long address(Token token, long seed, int step) {
    int sample = token.trajectory.prompt << 12 | token.trajectory.sample;
    return Philox.bits(seed, RlStreams.COVARIANCE, step, sample, token.position);
  }

  private static List<Token> tokens(List<Trajectory> minibatch) {
    int count = minibatch.stream().mapToInt(Trajectory::length).sum();
    double[] logprobs = new double[count];
    double[] advantages = new double[count];
    int n = 0;
    for (Trajectory t : minibatch) {
      for (int i = 0; i < t.length(); i++, n++) {
        logprobs[n] = t.logprobs[i];
        advantages[n] = t.advantages[i];
      }
    }
    double[] terms = LogprobAdvantageCovariance.terms(logprobs, advantages);
    List<Token> tokens = new ArrayList<>(count);
    n = 0;
    for (Trajectory t : minibatch) {
      for (int i = 0; i < t.length(); i++, n++) {
        tokens.add(new Token(t, i, terms[n]));
      }
    }
    return tokens;
  }

  /** Whether some tokens lose their policy gradient. */
  boolean clips() {
    return method == CovarianceMethod.CLIP;
  }

  /** Whether some tokens are held by a penalty. */
  boolean penalises() {
    return method == CovarianceMethod.KL;
  }

  /** The weight at all tokens of a completion but the chosen ones, where it is 0. */
  float[] withoutChosen(Trajectory t, double weight) {
    return weights(t, weight, false);
  }

  /** The weight at the chosen tokens of a completion, 0 at the others. */
  float[] atChosen(Trajectory t, double weight) {
    return weights(t, weight, true);
  }

  private float[] weights(Trajectory t, double weight, boolean wanted) {
    boolean[] flags = chosen.getOrDefault(t, new boolean[t.length()]);
    float[] weights = new float[t.length()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = flags[i] == wanted ? (float) weight : 0;
    }
    return weights;
  }
}
