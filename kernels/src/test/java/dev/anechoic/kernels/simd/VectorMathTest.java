package dev.anechoic.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/** Errors of the vector functions over a dense sweep of all floats, and their special values. */
class VectorMathTest {
  /** Every 97th float: 97 is odd, so all exponents and low bits are met. */
  private static final int STEP = 97;

  private static final int V = Lanes.V;

  private static double worstUlp(
      float from, float to, UnaryOperator<FloatVector> actual, DoubleUnaryOperator exact) {
    float[] x = new float[V];
    float[] y = new float[V];
    double worst = 0;
    long low = Float.floatToIntBits(from);
    long high = Float.floatToIntBits(to);
    for (long bits = low; bits <= high; bits += (long) V * STEP) {
      for (int i = 0; i < V; i++) {
        x[i] = Float.intBitsToFloat((int) Math.min(high, bits + (long) i * STEP));
      }
      actual.apply(FloatVector.fromArray(Lanes.F, x, 0)).intoArray(y, 0);
      for (int i = 0; i < V; i++) {
        double expected = exact.applyAsDouble(x[i]);
        worst = Math.max(worst, Math.abs(y[i] - expected) / Math.ulp((float) expected));
      }
    }
    return worst;
  }

  private static double worstUlpNegative(
      float from, float to, UnaryOperator<FloatVector> actual, DoubleUnaryOperator exact) {
    return worstUlp(from, to, x -> actual.apply(x.neg()), x -> exact.applyAsDouble(-x));
  }

  private static void assertWithin(double bound, double worst, String what) {
    System.out.printf("VectorMath.%s: worst error %.3f ulp%n", what, worst);
    assertTrue(worst <= bound, what + ": " + worst + " ulp");
  }

  @Test
  void errorOfExp() {
    assertWithin(1.1, worstUlp(0f, 88.72f, VectorMath::exp, StrictMath::exp), "exp above 0");
    assertWithin(
        1.1, worstUlpNegative(0f, 87.33f, VectorMath::exp, StrictMath::exp), "exp below 0");
    assertWithin(
        1.1,
        worstUlpNegative(0f, 87.33f, VectorMath::expNotPositive, StrictMath::exp),
        "expNotPositive");
  }

  @Test
  void errorOfLog() {
    assertWithin(
        1.1, worstUlp(Float.MIN_VALUE, Float.MAX_VALUE, VectorMath::log, StrictMath::log), "log");
  }

  @Test
  void errorOfTanh() {
    assertWithin(2, worstUlp(0f, 20f, VectorMath::tanh, StrictMath::tanh), "tanh");
    assertWithin(2, worstUlpNegative(0f, 20f, VectorMath::tanh, StrictMath::tanh), "tanh below 0");
  }

  private static float at(UnaryOperator<FloatVector> function, float x) {
    return function.apply(FloatVector.broadcast(Lanes.F, x)).lane(V - 1);
  }

  @Test
  void specialValues() {
    float infinity = Float.POSITIVE_INFINITY;
    float payload = Float.intBitsToFloat(0x7fc00123);
    assertEquals(infinity, at(VectorMath::exp, infinity));
    assertEquals(infinity, at(VectorMath::exp, 88.73f));
    assertEquals(0f, at(VectorMath::exp, -infinity));
    assertEquals(0f, at(VectorMath::exp, -100f));
    assertEquals(1f, at(VectorMath::exp, 0f));
    assertEquals(1f, at(VectorMath::exp, -0f));
    assertTrue(Float.isNaN(at(VectorMath::exp, payload)));
    assertTrue(Float.isNaN(at(VectorMath::expNotPositive, payload)));
    assertEquals(0f, at(VectorMath::expNotPositive, -infinity));
    assertTrue(at(VectorMath::exp, 88.7228f) < infinity);
    assertEquals(-infinity, at(VectorMath::log, 0f));
    assertEquals(-infinity, at(VectorMath::log, -0f));
    assertEquals(infinity, at(VectorMath::log, infinity));
    assertEquals(0f, at(VectorMath::log, 1f));
    assertTrue(Float.isNaN(at(VectorMath::log, -1f)));
    assertTrue(Float.isNaN(at(VectorMath::log, payload)));
    assertEquals(1f, at(VectorMath::tanh, infinity));
    assertEquals(-1f, at(VectorMath::tanh, -infinity));
    assertEquals(-0f, at(VectorMath::tanh, -0f));
    assertEquals(Float.MIN_VALUE, at(VectorMath::tanh, Float.MIN_VALUE));
    assertTrue(Float.isNaN(at(VectorMath::tanh, payload)));
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
