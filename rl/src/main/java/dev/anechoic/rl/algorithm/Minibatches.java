package dev.anechoic.rl.algorithm;

import dev.anechoic.rl.RlStreams;
import dev.anechoic.tensor.Philox;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Cuts completions into minibatches, one optimizer update each: the completions in an order that
 * depends on (seed, step, epoch) alone, filled up to {@code minibatch_tokens}.
 */
public final class Minibatches {
  private Minibatches() {}

  /** All completions in minibatches; one minibatch where {@code minibatch_tokens} is 0. */
  public static List<List<Trajectory>> of(
      List<Trajectory> rollout, int minibatchTokens, long seed, int step, int epoch) {
    if (minibatchTokens == 0) {
      return rollout.isEmpty() ? List.of() : List.of(rollout);
    }
    List<List<Trajectory>> minibatches = new ArrayList<>();
    List<Trajectory> filling = new ArrayList<>();
    int tokens = 0;
    for (Trajectory t : shuffled(rollout, seed, step, epoch)) {
      if (!filling.isEmpty() && tokens + t.length() > minibatchTokens) {
        minibatches.add(filling);
        filling = new ArrayList<>();
        tokens = 0;
      }
      filling.add(t);
      tokens += t.length();
    }
    if (!filling.isEmpty()) {
      minibatches.add(filling);
    }
    return minibatches;
  }

  /** The completions in an order that depends on (seed, step, epoch) alone. */
  private static List<Trajectory> shuffled(
      List<Trajectory> rollout, long seed, int step, int epoch) {
    record Keyed(long key, Trajectory trajectory) {}
    List<Keyed> keyed = new ArrayList<>(rollout.size());
    for (int i = 0; i < rollout.size(); i++) {
      keyed.add(new Keyed(Philox.bits(seed, RlStreams.MINIBATCH, step, epoch, i), rollout.get(i)));
    }
    keyed.sort(Comparator.comparingLong(Keyed::key));
    return keyed.stream().map(Keyed::trajectory).toList();
  }
}
