package dev.anechoic.tensor;

/** Conversion of {@link DType#BF16} elements: the upper 16 bits of a binary32. */
public final class BFloat16 {
  private BFloat16() {}

  /** The nearest bfloat16, ties to even; NaN stays NaN. */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40); // quiet: rounding could turn a NaN into infinity
    }
    int halfMinusOne = 0x7FFF;
    int lastKept = (bits >>> 16) & 1;
    return (short) ((bits + halfMinusOne + lastKept) >>> 16);
  }

  /** The same value as a float, exactly. */
  public static float toFloat(short value) {
    return Float.intBitsToFloat(value << 16);
  }
}
