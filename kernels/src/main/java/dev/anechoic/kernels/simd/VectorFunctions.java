package dev.anechoic.kernels.simd;

import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The functions of {@link VectorMath} over whole arrays, for benchmarks. */
public final class VectorFunctions {
  /** What there is. */
  public static final List<String> NAMES = List.of("exp", "log", "tanh");

  private static final VectorSpecies<Float> F = Lanes.F;

  private VectorFunctions() {}

  /** y[i] = exp(x[i]); lengths are equal and a multiple of 16. */
  public static void exp(float[] x, float[] y) {
    for (int i = 0; i < x.length; i += F.length()) {
      VectorMath.exp(FloatVector.fromArray(F, x, i)).intoArray(y, i);
    }
  }

  /** y[i] = log(x[i]); lengths are equal and a multiple of 16. */
  public static void log(float[] x, float[] y) {
    for (int i = 0; i < x.length; i += F.length()) {
      VectorMath.log(FloatVector.fromArray(F, x, i)).intoArray(y, i);
    }
  }

  /** y[i] = tanh(x[i]); lengths are equal and a multiple of 16. */
  public static void tanh(float[] x, float[] y) {
    for (int i = 0; i < x.length; i += F.length()) {
      VectorMath.tanh(FloatVector.fromArray(F, x, i)).intoArray(y, i);
    }
  }
}
