package dev.anechoic.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.Philox;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PackerTest {
  private static final long SEED = 3;
  private static final int TIME = 20;
  private static final int COUNT = 100;

  /** Token of document d at place i: d * 100 + i, so that a row tells what it is made of. */
  private static Documents documents() {
    Documents documents = new Documents();
    for (int d = 0; d < COUNT; d++) {
      int[] prompt = run(d * 100, 2);
      int[] answer = run(d * 100 + 2, 1 + Philox.below(10, SEED, 90, 0, 0, d));
      documents.add(prompt, answer, "code");
    }
    return documents;
  }

  private static int[] run(int first, int count) {
    int[] tokens = new int[count];
    Arrays.setAll(tokens, i -> first + i);
    return tokens;
  }

  @ParameterizedTest
  @EnumSource(Packer.Mode.class)
  void anEpochHoldsEveryTokenOnce(Packer.Mode mode) {
    Documents documents = documents();
    Packer packer = new Packer(documents, mode, TIME, SEED);
    int[] inputs = new int[TIME];
    int[] targets = new int[TIME];
    int[] seen = new int[COUNT * 100];
    for (int row = 0; row < 500; row++) {
      packer.fill(inputs, targets, 1);
      if (mode != Packer.Mode.CHUNK || row == 0) {
        seen[inputs[0]]++;
      }
      for (int t = 0; t < TIME && targets[t] != Packer.MASKED; t++) {
        seen[targets[t]]++;
      }
    }
    for (int d = 0; d < COUNT; d++) {
      int times = seen[d * 100];
      for (int i = 0; i < documents.length(d); i++) {
        int count = seen[d * 100 + i];
        assertTrue(count >= 5, "document " + d + " came " + count + " times");
        // A document may be under way when the test ends, or wait in the window across epochs.
        assertEquals(times, count, 1, "token " + i + " of document " + d);
      }
    }
  }

  @Test
  void wholeRowsBeginWithAQuestionAndHoldNoPieces() {
    Documents documents = documents();
    Packer packer = new Packer(documents, Packer.Mode.WHOLE, TIME, SEED);
    int[] inputs = new int[4 * TIME];
    int[] targets = new int[4 * TIME];
    int taken = 0;
    for (int batch = 0; batch < 50; batch++) {
      taken += packer.fill(inputs, targets, 4);
      for (int r = 0; r < 4; r++) {
        assertEquals(0, inputs[r * TIME] % 100);
        int end = r * TIME;
        while (end < (r + 1) * TIME && targets[end] != Packer.MASKED) {
          end++;
        }
        int last = targets[end - 1];
        assertEquals(documents.length(last / 100) - 1, last % 100, "the last document is cut");
      }
    }
    assertTrue(taken > 0.9 * 50 * 4 * TIME, "only " + taken + " targets: rows are badly filled");
  }

  @Test
  void chunksRunOnWithoutGapOrRepetition() {
    Packer packer = new Packer(documents(), Packer.Mode.CHUNK, TIME, SEED);
    int[] inputs = new int[TIME];
    int[] targets = new int[TIME];
    packer.fill(inputs, targets, 1);
    for (int row = 0; row < 200; row++) {
      int last = targets[TIME - 1];
      assertArrayEquals(
          Arrays.copyOfRange(inputs, 1, TIME), Arrays.copyOf(targets, TIME - 1), "shift by one");
      packer.fill(inputs, targets, 1);
      assertEquals(last, inputs[0]);
    }
  }

  @Test
  void documentLongerThanARowIsCut() {
    Documents documents = new Documents();
    documents.add(run(0, 5), run(5, 50), "text");
    Packer packer = new Packer(documents, Packer.Mode.WHOLE, TIME, SEED);
    int[] inputs = new int[TIME];
    int[] targets = new int[TIME];
    assertEquals(TIME, packer.fill(inputs, targets, 1));
    assertArrayEquals(run(1, TIME), targets);
  }

  @ParameterizedTest
  @EnumSource(Packer.Mode.class)
  void restoredPackerGoesOnAsTheOther(Packer.Mode mode) {
    for (int rows : new int[] {1, 7, 60}) {
      Packer packer = new Packer(documents(), mode, TIME, SEED);
      int[] inputs = new int[rows * TIME];
      int[] targets = new int[rows * TIME];
      packer.fill(inputs, targets, rows);
      Packer other = new Packer(documents(), mode, TIME, SEED);
      other.restore(packer.position());
      int[] otherInputs = new int[rows * TIME];
      int[] otherTargets = new int[rows * TIME];
      packer.fill(inputs, targets, rows);
      other.fill(otherInputs, otherTargets, rows);
      assertArrayEquals(inputs, otherInputs);
      assertArrayEquals(targets, otherTargets);
    }
  }

  @Test
  void seedsGiveDifferentOrders() {
    int[] a = new int[TIME];
    int[] b = new int[TIME];
    new Packer(documents(), Packer.Mode.CHUNK, TIME, 1).fill(a, new int[TIME], 1);
    new Packer(documents(), Packer.Mode.CHUNK, TIME, 2).fill(b, new int[TIME], 1);
    assertFalse(Arrays.equals(a, b));
  }
}
