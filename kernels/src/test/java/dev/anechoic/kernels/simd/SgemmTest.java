package dev.anechoic.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The matrix product against its contract on bits: one chain of multiply-adds per element. */
class SgemmTest {
  private static final int[] SIZES = {0, 1, 2, 3, 5, 8, 13, 16, 31, 64, 65, 97, 130};
  private static final float GUARD = 12345.678f;

  private static final class Case {
    final boolean transA;
    final boolean transB;
    final int m;
    final int n;
    final int k;
    final boolean accumulate;
    final int lda;
    final int ldb;
    final int ldc;
    final float[] a;
    final float[] b;
    final float[] bias;
    final float[] start;

    Case(long seed, boolean transA, boolean transB, int m, int n, int k, int mode) {
      var random = new SplittableRandom(seed);
      this.transA = transA;
      this.transB = transB;
      this.m = m;
      this.n = n;
      this.k = k;
      this.accumulate = (mode & 1) == 1;
      lda = (transA ? m : k) + 3;
      ldb = (transB ? k : n) + 2;
      ldc = n + 1;
      a = floats(random, (transA ? k : m) * lda + 5);
      b = floats(random, (transB ? n : k) * ldb + 5);
      bias = mode >= 2 ? floats(random, n + 1) : null;
      start = floats(random, m * ldc + 8);
      Arrays.fill(start, 0, 4, GUARD);
      Arrays.fill(start, start.length - 4, start.length, GUARD);
    }

    float[] expected() {
      float[] c = start.clone();
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          int at = 4 + i * ldc + j;
          float sum = accumulate ? c[at] : 0f;
          for (int p = 0; p < k; p++) {
            float x = a[5 + (transA ? p * lda + i : i * lda + p)];
            float y = b[5 + (transB ? j * ldb + p : p * ldb + j)];
            sum = Math.fma(x, y, sum);
          }
          c[at] = bias == null ? sum : sum + bias[1 + j];
        }
      }
      return c;
    }

    float[] actual(Sgemm sgemm) {
      float[] c = start.clone();
      sgemm.multiply(transA, transB, m, n, k, a, 5, lda, b, 5, ldb, bias, 1, accumulate, c, 4, ldc);
      return c;
    }

    @Override
    public String toString() {
      return "transA "
          + transA
          + " transB "
          + transB
          + " m "
          + m
          + " n "
          + n
          + " k "
          + k
          + " accumulate "
          + accumulate
          + " bias "
          + (bias != null);
    }
  }

  static float[] floats(SplittableRandom random, int n) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
    }
    return x;
  }

  static void assertSameBits(float[] expected, float[] actual, Object what) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      if (Float.floatToRawIntBits(expected[i]) != Float.floatToRawIntBits(actual[i])) {
        fail(what + ": at " + i + " expected " + expected[i] + ", got " + actual[i]);
      }
    }
  }

  @Test
  void everyElementIsOneChainOfMultiplyAdds() {
    var random = new SplittableRandom(7);
    try (var one = new WorkerPool(1);
        var three = new WorkerPool(3)) {
      var serial = new Sgemm(one);
      var parallel = new Sgemm(three);
      for (int trial = 0; trial < 1500; trial++) {
        var test =
            new Case(
                trial,
                (trial & 1) == 1,
                (trial & 2) == 2,
                SIZES[random.nextInt(SIZES.length)],
                SIZES[random.nextInt(SIZES.length)],
                SIZES[random.nextInt(SIZES.length)],
                random.nextInt(4));
        float[] expected = test.expected();
        assertSameBits(expected, test.actual(serial), "serial " + test);
        assertSameBits(expected, test.actual(parallel), "parallel " + test);
      }
    }
  }

  @Test
  void sumsLongerThanABlockContinueTheSameChain() {
    try (var pool = new WorkerPool(2)) {
      var sgemm = new Sgemm(pool);
      for (int trial = 0; trial < 12; trial++) {
        var test =
            new Case(trial, (trial & 1) == 1, (trial & 2) == 2, 45, 150, 1100 + trial, trial % 4);
        float[] expected = test.expected();
        assertSameBits(expected, test.actual(sgemm), test);
      }
    }
  }

  @Test
  void wideTransposedLeftSideIsPackedWithoutChangingTheChain() {
    try (var one = new WorkerPool(1);
        var three = new WorkerPool(3)) {
      var serial = new Sgemm(one);
      var parallel = new Sgemm(three);
      for (int m : new int[] {193, 200, 250, 301}) {
        for (int n : new int[] {65, 128, 200, 330}) {
          var test = new Case(m + n, true, m % 2 == 0, m, n, 530, n % 4);
          float[] expected = test.expected();
          assertSameBits(expected, test.actual(serial), "serial " + test);
          assertSameBits(expected, test.actual(parallel), "parallel " + test);
        }
      }
    }
  }

  @Test
  void rowResultDoesNotDependOnBatchSize() {
    try (var pool = new WorkerPool(2)) {
      var sgemm = new Sgemm(pool);
      int n = 200;
      int k = 600;
      var random = new SplittableRandom(3);
      float[] a = floats(random, 400 * k);
      float[] b = floats(random, k * n);
      float[] all = new float[400 * n];
      sgemm.multiply(false, false, 400, n, k, a, 0, k, b, 0, n, null, 0, false, all, 0, n);
      for (int rows : new int[] {1, 2, 7, 12, 13, 100}) {
        for (int first : new int[] {0, 5, 299}) {
          float[] some = new float[rows * n];
          sgemm.multiply(
              false, false, rows, n, k, a, first * k, k, b, 0, n, null, 0, false, some, 0, n);
          assertSameBits(
              Arrays.copyOfRange(all, first * n, (first + rows) * n), some, rows + "@" + first);
        }
      }
    }
  }

  @Test
  void nanReachesItsRowAndNoOther() {
    try (var pool = new WorkerPool(1)) {
      var sgemm = new Sgemm(pool);
      for (int n : new int[] {1, 20, 70}) {
        float[] a = new float[30 * 40];
        float[] b = new float[40 * n];
        Arrays.fill(a, 1f);
        Arrays.fill(b, 1f);
        a[17 * 40 + 3] = Float.NaN;
        a[18 * 40 + 5] = Float.POSITIVE_INFINITY;
        float[] c = new float[30 * n];
        sgemm.multiply(false, false, 30, n, 40, a, 0, 40, b, 0, n, null, 0, false, c, 0, n);
        for (int i = 0; i < 30; i++) {
          float expected = i == 17 ? Float.NaN : i == 18 ? Float.POSITIVE_INFINITY : 40f;
          for (int j = 0; j < n; j++) {
            assertEquals(expected, c[i * n + j]);
          }
        }
      }
    }
  }
}
