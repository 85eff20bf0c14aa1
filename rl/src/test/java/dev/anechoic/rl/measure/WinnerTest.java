package dev.anechoic.rl.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

final class WinnerTest {
  @Test
  void theLargestShareAtTheEndWins() {
    double[][] shares = {{0.5, 0.5, 0.2, 0.1}, {0.3, 0.3, 0.6, 0.8}, {0.2, 0.2, 0.2, 0.1}};
    Winner winner = Winner.of(shares);
    assertEquals(1, winner.format());
    assertEquals(0.3, winner.startShare());
    assertEquals(0.8, winner.endShare());
    assertEquals(0.1, winner.runnerUpShare());
    // middle 0.55, first reached and kept at index 2; largest rise 0.3 ends there too
    assertEquals(OptionalInt.of(2), winner.switchIndex());
    assertEquals(OptionalInt.of(2), winner.steepestIndex());
  }

  @Test
  void aCrossingThatFallsBackIsNotTheSwitch() {
    double[][] shares = {{0.2, 0.9, 0.2, 0.3, 0.7, 0.8}, {0.8, 0.1, 0.8, 0.7, 0.3, 0.2}};
    assertEquals(OptionalInt.of(4), Winner.of(shares).switchIndex());
  }

  @Test
  void aRiseBelowTheLeastIsNoSwitch() {
    double[][] shares = {{0.5, 0.55, 0.59}, {0.5, 0.45, 0.41}};
    Winner winner = Winner.of(shares);
    assertEquals(0, winner.format());
    assertEquals(OptionalInt.empty(), winner.switchIndex());
  }

  @Test
  void windowsAverageLongRuns() {
    double[][] shares = new double[2][100];
    for (int t = 0; t < 100; t++) {
      shares[0][t] = t < 40 ? 0.3 : 0.9;
      shares[1][t] = 1 - shares[0][t];
    }
    shares[0][99] = 0; // one bad step at the end does not decide
    shares[1][99] = 1;
    Winner winner = Winner.of(shares);
    assertEquals(5, Winner.window(100));
    assertEquals(0, winner.format());
    assertEquals(0.72, winner.endShare(), 1e-15);
    // windows of 5 around 38, 39, 40: 0.3·4+0.9, 0.3·3+0.9·2, ... of 5; middle 0.51
    assertEquals(OptionalInt.of(39), winner.switchIndex());
  }

  @Test
  void nothingToLookAtIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Winner.of(new double[0][]));
    assertThrows(IllegalArgumentException.class, () -> Winner.of(new double[2][0]));
  }

  @Test
  void solvableTableCountsProblems() {
    SolvableTable table = SolvableTable.of(new int[] {3, 1, 0, 0, 2}, new int[] {4, 0, 1, 0, 1});
    assertEquals(new SolvableTable(2, 1, 1, 1), table);
    assertEquals(0.6, table.coverageBefore());
    assertEquals(0.6, table.coverageAfter());
    assertEquals(Interval.wilson(2, 5), table.interval(table.both()));
    assertThrows(IllegalArgumentException.class, () -> SolvableTable.of(new int[1], new int[2]));
  }
}
