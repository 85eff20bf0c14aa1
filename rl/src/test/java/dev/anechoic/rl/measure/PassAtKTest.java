package dev.anechoic.rl.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import org.junit.jupiter.api.Test;

final class PassAtKTest {
  @Test
  void handValuesOfTheStudy() {
    assertEquals(1, PassAtK.estimate(64, 1, 64));
    assertEquals(0.5, PassAtK.estimate(64, 1, 32), 1e-15);
    assertEquals(1 / 64.0, PassAtK.estimate(64, 1, 1), 1e-16);
    // 4 samples, 2 correct, 2 draws: 1 − C(2,2)/C(4,2) = 5/6
    assertEquals(5 / 6.0, PassAtK.estimate(4, 2, 2), 1e-15);
  }

  @Test
  void endsAreExact() {
    assertEquals(0, PassAtK.estimate(10, 0, 7));
    assertEquals(1, PassAtK.estimate(10, 4, 7));
    assertEquals(1, PassAtK.estimate(10, 10, 1));
  }

  @Test
  void agreesWithBigIntegersAlsoForLargeN() {
    for (int[] nck : new int[][] {{7, 3, 2}, {64, 5, 20}, {1000, 400, 3}, {5000, 2, 2400}}) {
      assertEquals(exact(nck[0], nck[1], nck[2]), PassAtK.estimate(nck[0], nck[1], nck[2]), 1e-13);
    }
    // a chance of 1e-6 keeps its digits: c k / n for c = 1
    assertEquals(3e-6, PassAtK.estimate(1_000_000, 1, 3), 1e-20);
  }

  @Test
  void symmetricInCorrectAndDraws() {
    assertEquals(PassAtK.estimate(40, 3, 11), PassAtK.estimate(40, 11, 3), 1e-15);
  }

  @Test
  void meanIsOverProblems() {
    assertEquals(0.75, PassAtK.mean(new int[] {2, 4}, new int[] {1, 4}, 1), 1e-15);
    assertEquals(Double.NaN, PassAtK.mean(new int[0], new int[0], 1));
  }

  @Test
  void moreDrawsThanSamplesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> PassAtK.estimate(4, 2, 5));
    assertThrows(IllegalArgumentException.class, () -> PassAtK.estimate(4, 5, 2));
  }

  private static double exact(int n, int c, int k) {
    BigDecimal miss =
        new BigDecimal(choose(n - c, k))
            .divide(new BigDecimal(choose(n, k)), MathContext.DECIMAL128);
    return BigDecimal.ONE.subtract(miss).doubleValue();
  }

  private static BigInteger choose(int n, int k) {
    BigInteger result = BigInteger.ONE;
    for (int i = 0; i < k; i++) {
      result = result.multiply(BigInteger.valueOf(n - i)).divide(BigInteger.valueOf(i + 1));
    }
    return n < k ? BigInteger.ZERO : result;
  }
}
