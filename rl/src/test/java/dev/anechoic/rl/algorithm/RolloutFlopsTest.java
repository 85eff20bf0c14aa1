package dev.anechoic.rl.algorithm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Preset;
import java.util.List;
import org.junit.jupiter.api.Test;

class RolloutFlopsTest {
  /** C = 64, L = 2: 131,072 weights in matrices; V C = 640 in the head. */
  private static final ModelConfig NANO = Preset.named("nano").config(10, 16);

  private static final double TRUNK = 2 * 131_072;
  private static final double HEAD = 2 * 640;
  private static final double TAIL = 2 * (64 * 64 + 3 * 64 * NANO.ffnChannels());
  private static final double PER_POSITION = 2 * 64 * 2; // of attention, per token

  private static Trajectory completion(int prompt, int promptTokens, int tokens) {
    Grade grade = new Grade("code", "well_formed", "correct", "1", 1);
    return new Trajectory(
        prompt, 0, "p", "p", new int[promptTokens], new int[tokens], new float[tokens], "", grade);
  }

  @Test
  void samplingPaysForAPromptOnceAndForEachTokenOnce() {
    // two prompt tokens enter the cache; the third is read by the first draw, over 3 positions
    double prefill = 2 * (TRUNK - TAIL + 2 * PER_POSITION);
    double first = TRUNK + HEAD + 2 * 3 * PER_POSITION;
    double second = TRUNK + HEAD + 2 * 4 * PER_POSITION;
    List<Trajectory> group = List.of(completion(0, 3, 2), completion(0, 3, 2));
    assertEquals(prefill + 2 * (first + second), RolloutFlops.sampling(NANO, group));
  }

  @Test
  void forwardReadsAllButTheLastTokenAndScoresTheCompletion() {
    // 3 + 2 - 1 tokens are read, 2 are scored: the last block's tail is for those alone
    double expected = 4 * (TRUNK + 4 * PER_POSITION) - 2 * TAIL + 2 * HEAD;
    assertEquals(expected, RolloutFlops.forward(NANO, List.of(completion(0, 3, 2))));
  }

  @Test
  void sharedPromptIsReadOnce() {
    Trajectory one = completion(0, 3, 2);
    double alone = 4 * (TRUNK + 4 * PER_POSITION) + 2 * HEAD;
    assertEquals(alone, RolloutFlops.shared(NANO, List.of(one)));
    // of the second, one token of 4 after the prompt's 3 of 3 is read
    double second = 4 * (TRUNK + 4 * PER_POSITION) - 3 * (TRUNK + 3 * PER_POSITION) + 2 * HEAD;
    assertEquals(alone + second, RolloutFlops.shared(NANO, List.of(one, completion(0, 3, 2))));
  }
}
