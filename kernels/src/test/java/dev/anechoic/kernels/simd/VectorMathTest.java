package dev.anechoic.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/** Errors of the vector functions over a dense sweep of all floats, and their special values. */
class VectorMathTest {
  /** Every 97th float: 97 is odd, so all exponents and low bits are met. */
  private static final int STEP = 97;

  private static final int V = Lanes.V;
  private static final int PAIR = VectorMath.PAIR;

  /** y = f(x) of whole vectors. */
  private interface Loop {
    void run(float[] x, float[] y);
  }

  private static void exp(float[] x, float[] y) {
    VectorMath.exp(x, 0, 1, y, 0, x.length);
  }

  private static void expAdd(float[] x, float[] y) {
    VectorMath.expAdd(x, 0, 0, y, 0, x.length, 0, new float[2 * V]);
  }

  private static void log(float[] x, float[] y) {
    VectorMath.log(x, 0, y, 0, x.length);
  }

  private static void tanh(float[] x, float[] y) {
    VectorMath.tanh(x, 0, y, 0, x.length);
  }

  private static void expRows(float[] x, float[] y) {
    System.arraycopy(x, 0, y, 0, x.length);
    AttentionKernels.expRows(y, 1, x.length, 0, x.length, 1, new float[1], 0, new float[V]);
  }

  private static double worstUlp(float from, float to, Loop actual, DoubleUnaryOperator exact) {
    float[] x = new float[PAIR];
    float[] y = new float[PAIR];
    double worst = 0;
    long low = Float.floatToIntBits(from);
    long high = Float.floatToIntBits(to);
    for (long bits = low; bits <= high; bits += (long) PAIR * STEP) {
      for (int i = 0; i < PAIR; i++) {
        x[i] = Float.intBitsToFloat((int) Math.min(high, bits + (long) i * STEP));
      }
      actual.run(x, y);
      for (int i = 0; i < PAIR; i++) {
        double expected = exact.applyAsDouble(x[i]);
        worst = Math.max(worst, Math.abs(y[i] - expected) / Math.ulp((float) expected));
      }
    }
    return worst;
  }

  private static double worstUlpNegative(
      float from, float to, Loop actual, DoubleUnaryOperator exact) {
    float[] negative = new float[PAIR];
    return worstUlp(
        from,
        to,
        (x, y) -> {
          for (int i = 0; i < PAIR; i++) {
            negative[i] = -x[i];
          }
          actual.run(negative, y);
        },
        x -> exact.applyAsDouble(-x));
  }

  private static void assertWithin(double bound, double worst, String what) {
    System.out.printf("VectorMath.%s: worst error %.3f ulp%n", what, worst);
    assertTrue(worst <= bound, what + ": " + worst + " ulp");
  }

  @Test
  void errorOfExp() {
    assertWithin(1.1, worstUlp(0f, 88.72f, VectorMathTest::exp, StrictMath::exp), "exp above 0");
    assertWithin(
        1.1, worstUlpNegative(0f, 87.33f, VectorMathTest::exp, StrictMath::exp), "exp below 0");
    assertWithin(
        1.1, worstUlpNegative(0f, 87.33f, VectorMathTest::expAdd, StrictMath::exp), "expAdd");
  }

  /** Rounded once from double, as {@code StrictMath.log} would have it. */
  @Test
  void maximumPlusLogarithmOfSum() {
    float[] sum = {
      1f, Math.nextUp(1f), 0.99999994f, 1.4142135f, 1.4142137f, 3f, 96f, 4095.9f, 1e30f
    };
    float[] max = {0f, 0f, 0f, -0f, 3.25f, -87f, 1e-3f, 1e8f, -5f};
    float[] got = new float[sum.length];
    VectorMath.plusLog(max, sum, got, sum.length);
    for (int i = 0; i < sum.length; i++) {
      assertEquals((float) (max[i] + StrictMath.log(sum[i])), got[i], "of " + sum[i]);
    }
    float[] one = new float[1];
    for (int bits = Float.floatToIntBits(0.5f); bits < Float.floatToIntBits(1e6f); bits += STEP) {
      float x = Float.intBitsToFloat(bits);
      VectorMath.plusLog(new float[] {0.3f}, new float[] {x}, one, 1);
      assertEquals((float) (0.3f + StrictMath.log(x)), one[0], "of " + x);
    }
    VectorMath.plusLog(new float[] {Float.NaN}, new float[] {1f}, one, 1);
    assertTrue(Float.isNaN(one[0]));
    VectorMath.plusLog(new float[] {1f}, new float[] {Float.NaN}, one, 1);
    assertTrue(Float.isNaN(one[0]));
  }

  @Test
  void errorOfLog() {
    assertWithin(
        1.1,
        worstUlp(Float.MIN_VALUE, Float.MAX_VALUE, VectorMathTest::log, StrictMath::log),
        "log");
  }

  @Test
  void errorOfTanh() {
    assertWithin(2, worstUlp(0f, 20f, VectorMathTest::tanh, StrictMath::tanh), "tanh");
    assertWithin(
        2, worstUlpNegative(0f, 20f, VectorMathTest::tanh, StrictMath::tanh), "tanh below 0");
  }

  /** What attention computes agrees with what other rows get. */
  @Test
  void everyExponentialHasTheSameBits() {
    float[] x = new float[PAIR];
    float[] want = new float[PAIR];
    float[] got = new float[PAIR];
    long top = Float.floatToIntBits(Float.POSITIVE_INFINITY);
    for (long bits = 0; bits <= top; bits += (long) PAIR * STEP) {
      for (int i = 0; i < PAIR; i++) {
        x[i] = -Float.intBitsToFloat((int) Math.min(top, bits + (long) i * STEP));
      }
      exp(x, want);
      expAdd(x, got);
      assertArrayEquals(want, got);
      VectorMath.expScale(x, 0, 0, -3, got, 0, PAIR);
      for (int i = 0; i < PAIR; i++) {
        assertEquals(-3 * want[i], got[i]);
      }
      expRows(x, got);
      assertArrayEquals(want, got);
    }
  }

  @Test
  void exponentialsAddUpByLaneWhileTheLargestOfOthersAreFound() {
    float[] x = new float[4 * PAIR];
    for (int i = 0; i < x.length; i++) {
      x[i] = i < 2 * PAIR ? -0.1f * i : (7 * i) % 11;
    }
    x[2 * PAIR] = Float.NaN;
    float[] y = new float[2 * PAIR];
    float[] lanes = new float[2 * V];
    Arrays.fill(lanes, 0.25f);
    VectorMath.expAdd(x, 0, 1, y, 0, y.length, 2 * PAIR, lanes);
    for (int i = 0; i < V; i++) {
      float sum = 0.25f;
      float largest = 0.25f;
      for (int k = i; k < y.length; k += V) {
        sum += y[k];
        largest = x[2 * PAIR + k] > largest ? x[2 * PAIR + k] : largest;
      }
      assertEquals(sum, lanes[i]);
      assertEquals(largest, lanes[V + i]);
    }
  }

  private static float at(Loop function, float x) {
    float[] in = new float[PAIR];
    float[] out = new float[PAIR];
    in[V - 1] = x;
    in[PAIR - 1] = x;
    function.run(in, out);
    assertEquals(out[V - 1], out[PAIR - 1]);
    return out[PAIR - 1];
  }

  @Test
  void specialValues() {
    float infinity = Float.POSITIVE_INFINITY;
    float payload = Float.intBitsToFloat(0x7fc00123);
    assertEquals(infinity, at(VectorMathTest::exp, infinity));
    assertEquals(infinity, at(VectorMathTest::exp, 88.73f));
    assertTrue(at(VectorMathTest::exp, 88.7228f) < infinity);
    for (Loop exp :
        List.<Loop>of(VectorMathTest::exp, VectorMathTest::expAdd, VectorMathTest::expRows)) {
      assertEquals(0f, at(exp, -infinity));
      assertEquals(0f, at(exp, -100f));
      assertEquals(1f, at(exp, 0f));
      assertEquals(1f, at(exp, -0f));
      assertTrue(Float.isNaN(at(exp, payload)));
      assertTrue(Float.isNaN(at(exp, -payload)));
    }
    assertEquals(-infinity, at(VectorMathTest::log, 0f));
    assertEquals(-infinity, at(VectorMathTest::log, -0f));
    assertEquals(infinity, at(VectorMathTest::log, infinity));
    assertEquals(0f, at(VectorMathTest::log, 1f));
    assertTrue(Float.isNaN(at(VectorMathTest::log, -1f)));
    assertTrue(Float.isNaN(at(VectorMathTest::log, payload)));
    assertEquals(1f, at(VectorMathTest::tanh, infinity));
    assertEquals(-1f, at(VectorMathTest::tanh, -infinity));
    assertEquals(-0f, at(VectorMathTest::tanh, -0f));
    assertEquals(Float.MIN_VALUE, at(VectorMathTest::tanh, Float.MIN_VALUE));
    assertTrue(Float.isNaN(at(VectorMathTest::tanh, payload)));
  }

  @Test
  void sumOfLanesFoldsHalves() {
    float[] x = new float[V];
    for (int i = 0; i < V; i++) {
      x[i] = 1f / (i + 1);
    }
    float[] fold = x.clone();
    for (int half = V / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        fold[i] += fold[i + half];
      }
    }
    assertEquals(fold[0], VectorMath.sum(FloatVector.fromArray(Lanes.F, x, 0)));
  }
}
