package dev.anechoic.kernels.scalar;

/** Functions of one float, by way of {@link StrictMath}: the same bits on every machine. */
final class Scalars {
  private Scalars() {}

  static float exp(float x) {
    return (float) StrictMath.exp(x);
  }

  static float expm1(float x) {
    return (float) StrictMath.expm1(x);
  }

  static float log(float x) {
    return (float) StrictMath.log(x);
  }

  static float tanh(float x) {
    return (float) StrictMath.tanh(x);
  }

  static float sqrt(float x) {
    return (float) Math.sqrt(x);
  }
}
