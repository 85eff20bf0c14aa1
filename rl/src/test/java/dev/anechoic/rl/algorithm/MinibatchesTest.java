package dev.anechoic.rl.algorithm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class MinibatchesTest {
  private static final int TOKENS = 12;

  private static Trajectory completion(int length) {
    Grade grade = new Grade("code", "well_formed", "correct", "1", 1);
    return new Trajectory(
        0, 0, "p", "p", new int[7], new int[length], new float[length], "", grade);
  }

  /** Of 1 to 9 tokens, and one that is longer than a minibatch. The prompts do not count. */
  private static List<Trajectory> completions() {
    List<Trajectory> completions = new ArrayList<>();
    for (int length = 1; length <= 9; length++) {
      completions.add(completion(length));
    }
    completions.add(completion(TOKENS + 3));
    return completions;
  }

  private static int tokens(List<Trajectory> minibatch) {
    return minibatch.stream().mapToInt(Trajectory::length).sum();
  }

  @Test
  void wholeCompletionsFillAMinibatchUntilTheNextWouldExceedIt() {
    List<Trajectory> completions = completions();
    List<List<Trajectory>> minibatches = Minibatches.of(completions, TOKENS, 1, 1, 0);
    List<Trajectory> all = minibatches.stream().flatMap(List::stream).toList();
    assertEquals(completions.size(), all.size());
    assertEquals(new HashSet<>(completions), new HashSet<>(all), "each of them once");
    for (int m = 0; m < minibatches.size(); m++) {
      List<Trajectory> minibatch = minibatches.get(m);
      assertTrue(tokens(minibatch) <= TOKENS || minibatch.size() == 1, "tokens of " + m);
      if (m + 1 < minibatches.size()) {
        int next = minibatches.get(m + 1).getFirst().length();
        assertTrue(tokens(minibatch) + next > TOKENS, "room left in " + m);
      }
    }
  }

  @Test
  void orderIsAFunctionOfSeedStepAndEpoch() {
    List<Trajectory> completions = completions();
    List<List<Trajectory>> once = Minibatches.of(completions, TOKENS, 1, 2, 0);
    assertEquals(once, Minibatches.of(completions, TOKENS, 1, 2, 0));
    assertNotEquals(once, Minibatches.of(completions, TOKENS, 1, 2, 1));
  }

  @Test
  void zeroTokensAreOneMinibatchAndNoCompletionsAreNone() {
    List<Trajectory> completions = completions();
    assertEquals(List.of(completions), Minibatches.of(completions, 0, 1, 1, 0));
    assertEquals(List.of(), Minibatches.of(List.of(), 0, 1, 1, 0));
    assertEquals(List.of(), Minibatches.of(List.of(), TOKENS, 1, 1, 0));
  }
}
