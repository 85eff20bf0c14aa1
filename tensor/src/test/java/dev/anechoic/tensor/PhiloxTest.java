package dev.anechoic.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PhiloxTest {
  private static int[] block(int[] counter, int[] key) {
    long seed = (key[0] & 0xFFFFFFFFL) | ((long) key[1] << 32);
    int[] words = new int[4];
    Philox.block(seed, counter[3], counter[2], counter[1], counter[0], words);
    return words;
  }

  /** The known answers of philox4x32 with 10 rounds that come with Random123. */
  @Test
  void blocksAreTheKnownAnswers() {
    assertArrayEquals(
        new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, block(new int[4], new int[2]));
    assertArrayEquals(
        new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        block(new int[] {-1, -1, -1, -1}, new int[] {-1, -1}));
    assertArrayEquals(
        new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
        block(
            new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
            new int[] {0xa4093822, 0x299f31d0}));
  }

  @Test
  void bitsAreTheFirstTwoWordsOfTheBlock() {
    int[] words = new int[4];
    for (int i = 0; i < 100; i++) {
      Philox.block(123L << i % 60, i, 3 * i, -i, 7, words);
      long bits = Philox.bits(123L << i % 60, i, 3 * i, -i, 7);

      assertEquals(words[0], (int) bits);
      assertEquals(words[1], (int) (bits >>> 32));
    }
  }

  @Test
  void everyPartOfTheAddressMatters() {
    long bits = Philox.bits(1, 2, 3, 4, 5);

    assertNotEquals(bits, Philox.bits(2, 2, 3, 4, 5));
    assertNotEquals(bits, Philox.bits(1L << 32, 2, 3, 4, 5));
    assertNotEquals(bits, Philox.bits(1, 3, 3, 4, 5));
    assertNotEquals(bits, Philox.bits(1, 2, 4, 4, 5));
    assertNotEquals(bits, Philox.bits(1, 2, 3, 5, 5));
    assertNotEquals(bits, Philox.bits(1, 2, 3, 4, 6));
  }

  @Test
  void uniformsLieInRangeAndFillIt() {
    int[] tenths = new int[10];
    for (int i = 0; i < 100_000; i++) {
      float u = Philox.uniform(9, 0, 0, 0, i);
      assertTrue(u >= 0 && u < 1);
      tenths[(int) (10 * u)]++;
    }
    for (int count : tenths) {
      assertEquals(10_000, count, 500); // five standard deviations
    }
    assertEquals(1 - 0x1p-24f, Philox.toUniform(-1));
    assertEquals(0, Philox.toUniform(0));
  }

  @Test
  void belowStaysBelow() {
    int[] counts = new int[7];
    for (int i = 0; i < 70_000; i++) {
      counts[Philox.below(7, 9, 1, 0, 0, i)]++;
    }
    for (int count : counts) {
      assertEquals(10_000, count, 500);
    }
  }

  @Test
  void normalsHaveTheirMoments() {
    int n = 100_000;
    double sum = 0;
    double squares = 0;
    double fourth = 0;
    for (int i = 0; i < n; i++) {
      double x = Philox.normal(9, 2, 0, 0, i);
      sum += x / n;
      squares += x * x / n;
      fourth += x * x * x * x / n;
    }
    assertEquals(0, sum, 0.016); // five standard deviations each
    assertEquals(1, squares, 0.023);
    assertEquals(3, fourth, 0.16);
  }
}
