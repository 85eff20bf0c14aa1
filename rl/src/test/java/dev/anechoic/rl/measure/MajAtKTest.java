package dev.anechoic.rl.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class MajAtKTest {
  @Test
  void everySampleIsOneVote() {
    // the published code counts each distinct value once, so that the first sample wins: 0 here
    List<String> answers = Arrays.asList("7", "5", "5", "5");
    assertEquals(1, MajAtK.estimate(answers, new boolean[] {false, true, true, true}, 4));
  }

  @Test
  void numbersAreEqualAsNumbers() {
    assertEquals(MajAtK.key("5"), MajAtK.key(" 5.00 "));
    assertEquals(MajAtK.key("1,000"), MajAtK.key("1000.0"));
    assertEquals(MajAtK.key("$18"), MajAtK.key("18"));
    assertEquals(MajAtK.key("0"), MajAtK.key("0.0"));
    assertNotEquals(MajAtK.key("5"), MajAtK.key("-5"));
    assertNotEquals(MajAtK.key("5"), MajAtK.key("5.01"));
    assertEquals("a dozen", MajAtK.key("a dozen"));
    assertNull(MajAtK.key(null));
    assertNull(MajAtK.key(" "));
    List<String> answers = Arrays.asList("5", "5.0", "5.00", "7", "7");
    boolean[] correct = {true, true, true, false, false};
    assertEquals(1, MajAtK.estimate(answers, correct, 5));
  }

  @Test
  void tiesAreSplitEvenly() {
    assertEquals(0.5, MajAtK.exact(4, 2, new int[] {2}, 4), 1e-12);
    assertEquals(1 / 3.0, MajAtK.exact(3, 1, new int[] {1, 1}, 3), 1e-12);
  }

  @Test
  void samplesWithoutAnswerVoteForNothing() {
    assertEquals(1, MajAtK.exact(5, 1, new int[] {}, 5), 1e-12);
    assertEquals(0, MajAtK.exact(5, 0, new int[] {}, 5));
    // one draw of five: the only answer is drawn with chance 1/5
    assertEquals(0.2, MajAtK.exact(5, 1, new int[] {}, 1), 1e-12);
  }

  @Test
  void oneDrawIsTheAccuracy() {
    assertEquals(0.3, MajAtK.exact(10, 3, new int[] {4, 2}, 1), 1e-12);
  }

  @Test
  void agreesWithTheEnumerationOfAllDraws() {
    int[][] cases = {{3, 2, 2, 1}, {2, 2, 2, 2}, {1, 4, 0, 3}, {4, 1, 1, 2}};
    for (int[] counts : cases) { // correct, wrong A, wrong B, no answer
      int n = Arrays.stream(counts).sum();
      for (int k = 1; k <= n; k++) {
        double exact = MajAtK.exact(n, counts[0], new int[] {counts[1], counts[2]}, k);
        assertEquals(enumerate(counts, k), exact, 1e-12, Arrays.toString(counts) + " k=" + k);
      }
    }
  }

  @Test
  void largeDrawsStayFinite() {
    // all 2000 are drawn, so the most frequent answer wins; C(2000, 1000) is beyond a double
    assertEquals(1, MajAtK.exact(2000, 900, new int[] {800, 200}, 2000), 1e-9);
    double half = MajAtK.exact(1200, 500, new int[] {500, 100}, 300);
    assertEquals(0.5, half, 1e-9); // by symmetry, ties included
  }

  private static double enumerate(int[] counts, int k) {
    int n = Arrays.stream(counts).sum();
    int[] label = new int[n];
    for (int i = 0, at = 0; i < counts.length; i++) {
      Arrays.fill(label, at, at += counts[i], i);
    }
    double wins = 0;
    int draws = 0;
    for (int set = 0; set < 1 << n; set++) {
      if (Integer.bitCount(set) == k) {
        int[] votes = new int[counts.length];
        for (int i = 0; i < n; i++) {
          votes[label[i]] += set >> i & 1;
        }
        int best = Math.max(votes[0], Math.max(votes[1], votes[2]));
        int tied =
            (votes[0] == best ? 1 : 0) + (votes[1] == best ? 1 : 0) + (votes[2] == best ? 1 : 0);
        wins += best > 0 && votes[0] == best ? 1.0 / tied : 0;
        draws++;
      }
    }
    return wins / draws;
  }
}
