package dev.anechoic.kernels.simd;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Exponential, logarithm, hyperbolic tangent of runs of elements, and sums of lanes.
 *
 * <p>Polynomials evaluated with fused multiply-adds, so the bits are the same on every machine, at
 * every width and in every lane. The coefficients are minimax fits (Remez exchange in double) for
 * the reduced interval. Largest errors, over a dense sweep: see {@code VectorMathTest}.
 *
 * <p><b>One method per loop.</b> A function is written out in the loop that runs it, and what
 * passes between loops is an array that stays in cache. A vector handed to a method of ours, or
 * returned by one, is an object on the heap wherever C2 leaves that method out of line: when it has
 * more than 325 bytes of bytecode ({@code FreqInlineSize}), when the compilation has made 18,000
 * nodes ({@code NodeCountInliningCutoff}, some 40 vector operations), or when its profile says that
 * the call is rare. What the JDK's own vector methods take and return is always inlined.
 *
 * <p><b>What a loop carries is an argument, not the receiver</b>: {@code x.add(sum)}, not {@code
 * sum.add(x)}. C2 knows the class of a vector that was just loaded or computed; of one that goes
 * around the loop it knows no more than {@code FloatVector}, and inlines the call only where it has
 * seen a profile of it, which a busy compiler skips in some launches.
 *
 * <p>Loops with a function in them run over whole vectors alone: a second copy under a mask would
 * double them. Their callers hand them a row's end in an array of their own: see {@link
 * RowScratch}.
 */
public final class VectorMath {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  /** Elements that {@link #expAdd} takes at a time. */
  static final int PAIR = 2 * V;

  private static final double LN_2 = 0.6931471805599453;

  static final float LOG2_E = 1.44269504f;

  /**
   * ln 2 in two parts; the upper one has 9 low bits clear, so its multiples up to 2^9 are exact.
   */
  static final float LN2_HIGH = 0x1.62e400p-1f;

  static final float LN2_LOW = 0x1.7f7d1cp-20f;

  /** Adding 1.5 * 2^23 rounds to a whole number, which then lies in the low bits. */
  static final float ROUND = 0x1.8p23f;

  /** Above it the exponential exceeds the largest float. */
  private static final float EXP_MAX = 88.72283f;

  /** Below it the exponential is less than the smallest normal float, and is flushed to 0. */
  static final float EXP_MIN = -87.33654f;

  // e^r = 1 + r + r^2 (EXP_2 + EXP_3 r + ...), |r| at most ln 2 / 2
  static final float EXP_2 = 0.5000000095188459f;
  static final float EXP_3 = 0.16666518839692587f;
  static final float EXP_4 = 0.04166620579138676f;
  static final float EXP_5 = 0.008368889352441055f;
  static final float EXP_6 = 0.0013950491826384146f;

  static final int ONE_BITS = Float.floatToRawIntBits(1f);
  private static final int SQRT_HALF_BITS = 0x3f3504f3;
  private static final int SIGN_AND_EXPONENT_BITS = 0xff800000;

  private static final FloatVector ONE = FloatVector.broadcast(F, 1f);

  private VectorMath() {}

  // ---- functions of runs of elements --------------------------------------------------------

  /**
   * {@code y = e^(factor x)} within 1.1 ulp. NaN gives NaN, infinity gives infinity; results below
   * the smallest normal float (arguments below -87.33654) are 0. May work in place.
   *
   * @param n a multiple of the vector's length
   */
  static void exp(float[] x, int xAt, float factor, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i += V) {
      FloatVector v = FloatVector.fromArray(F, x, xAt + i).mul(factor);
      FloatVector shifted = v.fma(LOG2_E, ROUND);
      FloatVector whole = shifted.sub(ROUND);
      FloatVector r = whole.fma(FloatVector.broadcast(F, -LN2_HIGH), v);
      r = whole.fma(FloatVector.broadcast(F, -LN2_LOW), r);
      FloatVector p = r.fma(EXP_6, EXP_5);
      p = p.fma(r, FloatVector.broadcast(F, EXP_4));
      p = p.fma(r, FloatVector.broadcast(F, EXP_3));
      p = p.fma(r, FloatVector.broadcast(F, EXP_2));
      p = r.mul(r).fma(p, r).add(ONE);
      // Adding n to the exponent multiplies by 2^n, also where 2^n is beyond the largest float.
      p.reinterpretAsInts()
          .add(shifted.reinterpretAsInts().lanewise(LSHL, 23))
          .reinterpretAsFloats()
          .blend(0f, v.compare(LT, EXP_MIN))
          .blend(Float.POSITIVE_INFINITY, v.compare(GT, EXP_MAX))
          .blend(v, v.compare(NE, v))
          .intoArray(y, yAt + i);
    }
  }

  /**
   * {@code y = e^(x - shift); lanes += y}: the bits of {@link #exp} in fewer instructions, for
   * differences that are not above 0, or only by rounding. NaN gives NaN. May work in place.
   *
   * <p>Meanwhile it finds the largest elements of as many more, NaN left aside. Where these lie in
   * memory, they are read while the processor computes.
   *
   * <p>Two vectors at a time, each step for both: one vector's steps wait for each other for some
   * 45 cycles, and the processor looks ahead over three vectors, not the five that would fill its
   * units.
   *
   * @param n a multiple of {@link #PAIR}
   * @param ahead where in x the others begin; {@code xAt} costs little
   * @param lanes sums of every lane, one vector; behind them the largest of every lane
   */
  static void expAdd(
      float[] x, int xAt, float shift, float[] y, int yAt, int n, int ahead, float[] lanes) {
    FloatVector sum = FloatVector.fromArray(F, lanes, 0);
    FloatVector max = FloatVector.fromArray(F, lanes, V);
    for (int i = 0; i < n; i += PAIR) {
      FloatVector v0 = FloatVector.fromArray(F, x, xAt + i).sub(shift);
      FloatVector v1 = FloatVector.fromArray(F, x, xAt + i + V).sub(shift);
      FloatVector shifted0 = v0.fma(LOG2_E, ROUND);
      FloatVector shifted1 = v1.fma(LOG2_E, ROUND);
      FloatVector whole0 = shifted0.sub(ROUND);
      FloatVector whole1 = shifted1.sub(ROUND);
      FloatVector r0 = whole0.fma(FloatVector.broadcast(F, -LN2_HIGH), v0);
      FloatVector r1 = whole1.fma(FloatVector.broadcast(F, -LN2_HIGH), v1);
      r0 = whole0.fma(FloatVector.broadcast(F, -LN2_LOW), r0);
      r1 = whole1.fma(FloatVector.broadcast(F, -LN2_LOW), r1);
      FloatVector p0 = r0.fma(EXP_6, EXP_5);
      FloatVector p1 = r1.fma(EXP_6, EXP_5);
      p0 = p0.fma(r0, FloatVector.broadcast(F, EXP_4));
      p1 = p1.fma(r1, FloatVector.broadcast(F, EXP_4));
      p0 = p0.fma(r0, FloatVector.broadcast(F, EXP_3));
      p1 = p1.fma(r1, FloatVector.broadcast(F, EXP_3));
      p0 = p0.fma(r0, FloatVector.broadcast(F, EXP_2));
      p1 = p1.fma(r1, FloatVector.broadcast(F, EXP_2));
      p0 = r0.mul(r0).fma(p0, r0);
      p1 = r1.mul(r1).fma(p1, r1);
      FloatVector power0 =
          shifted0.reinterpretAsInts().lanewise(LSHL, 23).add(ONE_BITS).reinterpretAsFloats();
      FloatVector power1 =
          shifted1.reinterpretAsInts().lanewise(LSHL, 23).add(ONE_BITS).reinterpretAsFloats();
      FloatVector e0 = p0.fma(power0, power0).blend(0f, v0.compare(LT, EXP_MIN));
      FloatVector e1 = p1.fma(power1, power1).blend(0f, v1.compare(LT, EXP_MIN));
      sum = e1.add(e0.add(sum));
      FloatVector other0 = FloatVector.fromArray(F, x, ahead + i);
      FloatVector other1 = FloatVector.fromArray(F, x, ahead + i + V);
      max = max.blend(other0, other0.compare(GT, max));
      max = max.blend(other1, other1.compare(GT, max));
      e0.intoArray(y, yAt + i);
      e1.intoArray(y, yAt + i + V);
    }
    sum.intoArray(lanes, 0);
    max.intoArray(lanes, V);
  }

  /**
   * {@code y = factor e^(x - shift)}: the bits of {@link #expAdd}, times the factor. Written out
   * once more, so that a row that lies in memory is read and written side by side.
   *
   * @param n a multiple of {@link #PAIR}
   */
  static void expScale(float[] x, int xAt, float shift, float factor, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i += PAIR) {
      FloatVector v0 = FloatVector.fromArray(F, x, xAt + i).sub(shift);
      FloatVector v1 = FloatVector.fromArray(F, x, xAt + i + V).sub(shift);
      FloatVector shifted0 = v0.fma(LOG2_E, ROUND);
      FloatVector shifted1 = v1.fma(LOG2_E, ROUND);
      FloatVector whole0 = shifted0.sub(ROUND);
      FloatVector whole1 = shifted1.sub(ROUND);
      FloatVector r0 = whole0.fma(FloatVector.broadcast(F, -LN2_HIGH), v0);
      FloatVector r1 = whole1.fma(FloatVector.broadcast(F, -LN2_HIGH), v1);
      r0 = whole0.fma(FloatVector.broadcast(F, -LN2_LOW), r0);
      r1 = whole1.fma(FloatVector.broadcast(F, -LN2_LOW), r1);
      FloatVector p0 = r0.fma(EXP_6, EXP_5);
      FloatVector p1 = r1.fma(EXP_6, EXP_5);
      p0 = p0.fma(r0, FloatVector.broadcast(F, EXP_4));
      p1 = p1.fma(r1, FloatVector.broadcast(F, EXP_4));
      p0 = p0.fma(r0, FloatVector.broadcast(F, EXP_3));
      p1 = p1.fma(r1, FloatVector.broadcast(F, EXP_3));
      p0 = p0.fma(r0, FloatVector.broadcast(F, EXP_2));
      p1 = p1.fma(r1, FloatVector.broadcast(F, EXP_2));
      p0 = r0.mul(r0).fma(p0, r0);
      p1 = r1.mul(r1).fma(p1, r1);
      FloatVector power0 =
          shifted0.reinterpretAsInts().lanewise(LSHL, 23).add(ONE_BITS).reinterpretAsFloats();
      FloatVector power1 =
          shifted1.reinterpretAsInts().lanewise(LSHL, 23).add(ONE_BITS).reinterpretAsFloats();
      FloatVector e0 = p0.fma(power0, power0).blend(0f, v0.compare(LT, EXP_MIN));
      FloatVector e1 = p1.fma(power1, power1).blend(0f, v1.compare(LT, EXP_MIN));
      e0.mul(factor).intoArray(y, yAt + i);
      e1.mul(factor).intoArray(y, yAt + i + V);
    }
  }

  /**
   * {@code y = ln x} within 1.1 ulp. 0 gives minus infinity, a negative number or NaN gives NaN;
   * denormal arguments are computed in full. May work in place.
   *
   * @param n a multiple of the vector's length
   */
  static void log(float[] x, int xAt, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i += V) {
      FloatVector v = FloatVector.fromArray(F, x, xAt + i);
      VectorMask<Float> tiny = v.compare(LT, Float.MIN_NORMAL);
      // Splits off the exponent so that the mantissa 1 + f lies in [sqrt(1/2), sqrt(2)).
      IntVector bits = v.blend(v.mul(0x1p25f), tiny).reinterpretAsInts();
      IntVector offset = bits.sub(SQRT_HALF_BITS);
      FloatVector exponent =
          ((FloatVector) offset.lanewise(ASHR, 23).convertShape(I2F, F, 0))
              .sub(FloatVector.zero(F).blend(25f, tiny));
      FloatVector f = bits.sub(offset.and(SIGN_AND_EXPONENT_BITS)).reinterpretAsFloats().sub(ONE);
      FloatVector p = f.fma(0.06915540649104633f, -0.11789864437898409f);
      p = p.fma(f, FloatVector.broadcast(F, 0.11872925643661583f));
      p = p.fma(f, FloatVector.broadcast(F, -0.12384335213930821f));
      p = p.fma(f, FloatVector.broadcast(F, 0.1421866385595161f));
      p = p.fma(f, FloatVector.broadcast(F, -0.16669251810565272f));
      p = p.fma(f, FloatVector.broadcast(F, 0.20002226318083796f));
      p = p.fma(f, FloatVector.broadcast(F, -0.24999986576512953f));
      p = p.fma(f, FloatVector.broadcast(F, 0.3333331044536907f));
      // ln(1 + f) = f - f^2/2 + f^3 p, small terms first.
      FloatVector square = f.mul(f);
      FloatVector tail = square.mul(f).fma(p, exponent.mul(LN2_LOW));
      tail = square.fma(FloatVector.broadcast(F, -0.5f), tail);
      exponent
          .fma(FloatVector.broadcast(F, LN2_HIGH), f.add(tail))
          .blend(v, v.compare(EQ, Float.POSITIVE_INFINITY))
          .blend(Float.NEGATIVE_INFINITY, v.compare(EQ, 0f))
          .blend(Float.NaN, v.compare(LT, 0f))
          .blend(v, v.compare(NE, v))
          .intoArray(y, yAt + i);
    }
  }

  /**
   * {@code y = max + ln sum}, in double and rounded once, for sums of exponentials: positive and
   * finite, or NaN. {@code StrictMath.log} takes 22 ns each.
   *
   * <p>With {@code sum = 2^e m} it is {@code e ln 2 + 2 artanh s}, {@code s = (m - 1) / (m + 1)}
   * and |s| at most 0.172. Ten terms of the series leave out less than 2e-17.
   */
  static void plusLog(float[] max, float[] sum, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      int bits = Float.floatToRawIntBits(sum[i]);
      int offset = bits - SQRT_HALF_BITS;
      double m = Float.intBitsToFloat(bits - (offset & SIGN_AND_EXPONENT_BITS));
      double s = (m - 1) / (m + 1);
      double z = s * s;
      double p = Math.fma(z, 2.0 / 19, 2.0 / 17);
      p = Math.fma(p, z, 2.0 / 15);
      p = Math.fma(p, z, 2.0 / 13);
      p = Math.fma(p, z, 2.0 / 11);
      p = Math.fma(p, z, 2.0 / 9);
      p = Math.fma(p, z, 2.0 / 7);
      p = Math.fma(p, z, 2.0 / 5);
      p = Math.fma(p, z, 2.0 / 3);
      p = Math.fma(p, z, 2.0);
      float log = (float) (max[i] + Math.fma(offset >> 23, LN_2, s * p));
      y[i] = log + 0 * sum[i]; // NaN where the sum is
    }
  }

  /**
   * {@code y = tanh x} within 2 ulp; odd, so tanh(-x) has the bits of -tanh(x). NaN gives NaN,
   * infinity gives 1 with its sign, a denormal gives itself. May work in place.
   *
   * @param n a multiple of the vector's length
   */
  static void tanh(float[] x, int xAt, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i += V) {
      FloatVector v = FloatVector.fromArray(F, x, xAt + i);
      FloatVector magnitude = v.abs();
      FloatVector square = v.mul(v);
      FloatVector p = square.fma(-0.005717196027491675f, 0.020650716127162436f);
      p = p.fma(square, FloatVector.broadcast(F, -0.05374353547074175f));
      p = p.fma(square, FloatVector.broadcast(F, 0.13331491707315482f));
      p = p.fma(square, FloatVector.broadcast(F, -0.333332839396376f));
      FloatVector small = square.mul(magnitude).fma(p, magnitude);
      // 1 - 2 / (e^2x + 1); from 10 on it rounds to 1.
      FloatVector twice = magnitude.min(10f).mul(2f);
      FloatVector shifted = twice.fma(LOG2_E, ROUND);
      FloatVector whole = shifted.sub(ROUND);
      FloatVector r = whole.fma(FloatVector.broadcast(F, -LN2_HIGH), twice);
      r = whole.fma(FloatVector.broadcast(F, -LN2_LOW), r);
      FloatVector e = r.fma(EXP_6, EXP_5);
      e = e.fma(r, FloatVector.broadcast(F, EXP_4));
      e = e.fma(r, FloatVector.broadcast(F, EXP_3));
      e = e.fma(r, FloatVector.broadcast(F, EXP_2));
      e = r.mul(r).fma(e, r);
      FloatVector power =
          shifted.reinterpretAsInts().lanewise(LSHL, 23).add(ONE_BITS).reinterpretAsFloats();
      e = e.fma(power, power);
      FloatVector large = ONE.sub(FloatVector.broadcast(F, 2f).div(e.add(ONE)));
      FloatVector t = large.blend(small, magnitude.compare(LT, 0.625f));
      t.blend(t.neg(), v.compare(LT, 0f))
          .blend(v, v.compare(EQ, 0f).or(v.compare(NE, v)))
          .intoArray(y, yAt + i);
    }
  }

  // ---- sums of lanes ------------------------------------------------------------------------

  private static final VectorShuffle<Float> BY_8 = rotation(8);
  private static final VectorShuffle<Float> BY_4 = rotation(4);
  private static final VectorShuffle<Float> BY_2 = rotation(2);
  private static final VectorShuffle<Float> BY_1 = rotation(1);

  private static VectorShuffle<Float> rotation(int by) {
    return VectorShuffle.iota(F, by, 1, true);
  }

  /**
   * The sum of the lanes, halves folded onto each other. {@code reduceLanes(ADD)} leaves the order
   * open, and interpreter and C2 take different ones.
   */
  static float sum(FloatVector v) {
    FloatVector four = foldTo4(v);
    four = four.add(four.rearrange(BY_2));
    return four.add(four.rearrange(BY_1)).lane(0);
  }

  /** The sum of the first V elements: the bits of {@link #sum(FloatVector)}. */
  static float sum(float[] lanes) {
    FloatVector v = FloatVector.fromArray(F, lanes, 0);
    v = V >= 16 ? v.add(v.rearrange(BY_8)) : v;
    v = V >= 8 ? v.add(v.rearrange(BY_4)) : v;
    v = v.add(v.rearrange(BY_2));
    return v.add(v.rearrange(BY_1)).lane(0);
  }

  /** The largest of the second V elements, none of which is NaN. */
  static float max(float[] lanes) {
    FloatVector v = FloatVector.fromArray(F, lanes, V);
    FloatVector other = v.rearrange(BY_8);
    v = V >= 16 ? v.blend(other, other.compare(GT, v)) : v;
    other = v.rearrange(BY_4);
    v = V >= 8 ? v.blend(other, other.compare(GT, v)) : v;
    other = v.rearrange(BY_2);
    v = v.blend(other, other.compare(GT, v));
    other = v.rearrange(BY_1);
    return v.blend(other, other.compare(GT, v)).lane(0);
  }

  private static FloatVector foldTo4(FloatVector v) {
    FloatVector eight = V >= 16 ? v.add(v.rearrange(BY_8)) : v;
    return V >= 8 ? eight.add(eight.rearrange(BY_4)) : eight;
  }
}
