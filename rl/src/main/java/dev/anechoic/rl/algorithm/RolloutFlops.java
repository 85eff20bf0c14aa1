package dev.anechoic.rl.algorithm;

import dev.anechoic.model.transformer.Flops;
import dev.anechoic.model.transformer.ModelConfig;
import java.util.Arrays;
import java.util.List;

/**
 * Floating-point operations of the passes over a rollout, by {@link Flops}: what the result needs,
 * without padding. A function of the completions alone, so that it is the same on every machine.
 */
final class RolloutFlops {
  private RolloutFlops() {}

  /** Sampling: each prompt once, shared by its samples, then one decoding step per token. */
  static double sampling(ModelConfig config, List<Trajectory> rollout) {
    double sum = 0;
    int prompt = -1;
    for (Trajectory t : rollout) {
      int prefix = t.promptTokens.length - 1; // the last prompt token is read by the first draw
      if (t.prompt != prompt) {
        sum += prefix * (Flops.trunkPerToken(config, prefix) - Flops.lastBlockTail(config));
        prompt = t.prompt;
      }
      for (int i = 0; i < t.length(); i++) {
        sum += Flops.decode(config, prefix + i);
      }
    }
    return sum;
  }

  /** Final hidden states of the completion tokens. */
  static double trunk(ModelConfig config, List<Trajectory> sequences) {
    double unread = 0;
    for (Trajectory t : sequences) {
      unread += (MicroBatch.inputLength(t) - t.length()) * Flops.lastBlockTail(config);
    }
    return wholeTrunk(config, sequences) - unread;
  }

  /** Final hidden states of prompts and completions. */
  private static double wholeTrunk(ModelConfig config, List<Trajectory> sequences) {
    double sum = 0;
    for (Trajectory t : sequences) {
      int time = MicroBatch.inputLength(t);
      sum += time * Flops.trunkPerToken(config, time);
    }
    return sum;
  }

  /** {@link #trunk}, and the logits of the completion tokens. */
  static double forward(ModelConfig config, List<Trajectory> sequences) {
    return trunk(config, sequences) + heads(config, sequences);
  }

  /** Final hidden states of prompts and completions, each prompt once, shared by its samples. */
  static double sharedTrunk(ModelConfig config, List<Trajectory> rollout) {
    double again = 0;
    int[] before = {};
    for (Trajectory t : rollout) {
      int[] prompt = t.promptTokens;
      if (Arrays.equals(prompt, before)) {
        again += prompt.length * Flops.trunkPerToken(config, prompt.length);
      }
      before = prompt;
    }
    return wholeTrunk(config, rollout) - again;
  }

  /** {@link #sharedTrunk}, and the logits of the completion tokens. */
  static double shared(ModelConfig config, List<Trajectory> rollout) {
    return sharedTrunk(config, rollout) + heads(config, rollout);
  }

  /** Logits of the completion tokens. */
  private static double heads(ModelConfig config, List<Trajectory> sequences) {
    long tokens = sequences.stream().mapToLong(Trajectory::length).sum();
    return tokens * Flops.headPerToken(config);
  }
}
