package dev.anechoic.kernels.simd;

import java.util.List;

/** The functions of {@link VectorMath} over whole arrays, for benchmarks. */
public final class VectorFunctions {
  /** What there is. */
  public static final List<String> NAMES = List.of("exp", "log", "tanh");

  private VectorFunctions() {}

  /** y[i] = exp(x[i]); lengths are equal and a multiple of 16. */
  public static void exp(float[] x, float[] y) {
    VectorMath.exp(x, 0, 1, y, 0, x.length);
  }

  /** y[i] = log(x[i]); lengths are equal and a multiple of 16. */
  public static void log(float[] x, float[] y) {
    VectorMath.log(x, 0, y, 0, x.length);
  }

  /** y[i] = tanh(x[i]); lengths are equal and a multiple of 16. */
  public static void tanh(float[] x, float[] y) {
    VectorMath.tanh(x, 0, y, 0, x.length);
  }
}
