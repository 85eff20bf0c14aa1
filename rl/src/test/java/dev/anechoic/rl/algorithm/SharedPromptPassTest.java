package dev.anechoic.rl.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Positions;
import dev.anechoic.model.transformer.Preset;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Embedding;
import dev.anechoic.tensor.op.TokenLogProbs;
import dev.anechoic.tensor.spec.FailingAllocations;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pass that reads each prompt once gives the bits of one that reads it with each completion. */
class SharedPromptPassTest {
  private static final int VOCAB = 40;
  private static final int CONTEXT = 48;

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "cpu-scalar", "cuda-emulated", "cuda-emulated-sm90"})
  void bitsAreThoseOfWholeSequences(String name) {
    for (Positions positions : Positions.values()) {
      // The second and third rollout need more positions and more slots than the first has made.
      // The last ones come again: with replays their passes are recorded, and then replayed.
      List<Trajectory> again = rollout(5, 4, 17, CONTEXT - 16);
      check(
          name, positions, List.of(rollout(3, 2, 5, 4), rollout(70, 1, 2, 1), again, again, again));
    }
  }

  @Test
  void outOfMemoryWhileItGrowsDoesNoHarm() {
    MemoryLedger ledger = new MemoryLedger();
    ModelConfig config = Preset.named("nano").config(VOCAB, CONTEXT);
    List<Trajectory> small = rollout(3, 2, 5, 4);
    List<Trajectory> large = rollout(5, 4, 17, 9); // more completions at once
    try (Backend backend = Backends.open("cpu", BackendOptions.DEFAULT).backend();
        Transformer model = new Transformer(config, backend, ledger);
        SharedPromptPass pass = logprobs(model, ledger)) {
      model.parameters().initialize(7);
      pass.forEach(small, (t, logprobs) -> assertArrayEquals(alone(model, t), logprobs));
      int failures =
          FailingAllocations.atEveryIndex(
              ledger,
              () -> {
                try {
                  pass.forEach(large, (t, logprobs) -> {});
                } finally {
                  pass.forEach(
                      small, (t, logprobs) -> assertArrayEquals(alone(model, t), logprobs));
                }
              });
      assertTrue(failures > 20, "failed at " + failures + " points only");
    }
  }

  private static SharedPromptPass logprobs(Transformer model, MemoryLedger ledger) {
    return new SharedPromptPass(
        model,
        (tape, targets, states) ->
            TokenLogProbs.forward(tape, model.logits(tape, states), targets, 1),
        ledger);
  }

  private static void check(String name, Positions positions, List<List<Trajectory>> rollouts) {
    MemoryLedger ledger = new MemoryLedger();
    ModelConfig config = Preset.named("nano").config(VOCAB, CONTEXT).withPositions(positions);
    try (Backend backend = Backends.open(name, BackendOptions.DEFAULT).backend();
        Transformer model = new Transformer(config, backend, ledger);
        SharedPromptPass pass = logprobs(model, ledger)) {
      model.parameters().initialize(7);
      for (List<Trajectory> rollout : rollouts) {
        List<Trajectory> seen = new ArrayList<>();
        pass.forEach(
            rollout,
            (t, logprobs) -> {
              assertArrayEquals(alone(model, t), logprobs);
              seen.add(t);
            });
        assertEquals(rollout.stream().filter(t -> t.length() > 0).count(), seen.size());
        assertEquals(seen.size(), seen.stream().distinct().count());
      }
      assertEquals(backend.replays(), pass.recorded() > 0);
    }
  }

  private static float[] alone(Transformer model, Trajectory t) {
    Backend backend = model.backend();
    try (Arena arena = new Arena(backend, Arena.Tag.ACTIVATIONS, new MemoryLedger())) {
      Tape tape = new Tape(arena);
      tape.setRecording(false);
      int time = t.promptTokens.length + t.length() - 1;
      int[] tokens = new int[time];
      int[] rows = new int[t.length()];
      for (int i = 0; i < time; i++) {
        int inCompletion = i - t.promptTokens.length;
        tokens[i] = inCompletion < 0 ? t.promptTokens[i] : t.tokens[inCompletion];
      }
      for (int i = 0; i < rows.length; i++) {
        rows[i] = t.promptTokens.length - 1 + i;
      }
      Tensor hidden = model.hidden(tape, arena.of(tokens, 1, time), null);
      Tensor chosen = Embedding.forward(tape, hidden, arena.of(rows, rows.length));
      Tensor targets = arena.of(t.tokens, t.length());
      assertEquals(DType.I32, targets.dtype());
      return TokenLogProbs.forward(tape, model.logits(tape, chosen), targets, 1).toFloats();
    }
  }

  /** Prompts and completions of different lengths, one of them empty. */
  private static List<Trajectory> rollout(int prompts, int samples, int given, int longest) {
    SplittableRandom random = new SplittableRandom(prompts);
    List<Trajectory> rollout = new ArrayList<>();
    for (int p = 0; p < prompts; p++) {
      int[] prompt = tokens(random, 1 + random.nextInt(given));
      for (int s = 0; s < samples; s++) {
        int length = p == 1 && s == 0 ? 0 : 1 + random.nextInt(longest);
        int[] tokens = tokens(random, length);
        Grade grade = new Grade("code", "well_formed", "correct", "1", 1);
        rollout.add(
            new Trajectory(p, s, "p" + p, "p", prompt, tokens, new float[length], "", grade));
      }
    }
    return rollout;
  }

  private static int[] tokens(SplittableRandom random, int count) {
    return random.ints(count, 0, VOCAB).toArray();
  }
}
