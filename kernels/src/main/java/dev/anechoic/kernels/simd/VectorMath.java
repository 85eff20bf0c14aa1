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
 * Functions of vectors: exponential, logarithm, hyperbolic tangent, and sums of lanes.
 *
 * <p>Polynomials evaluated with fused multiply-adds, so the bits are the same on every machine, at
 * every width and in every lane. A method that calls one of them more than twice grows past what C2
 * inlines, and vectors are then boxed on the heap. The coefficients are minimax fits (Remez
 * exchange in double) for the reduced interval. Largest errors, over a dense sweep: see {@code
 * VectorMathTest}.
 */
public final class VectorMath {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  private static final float LOG2_E = 1.44269504f;

  /**
   * ln 2 in two parts; the upper one has 9 low bits clear, so its multiples up to 2^9 are exact.
   */
  private static final float LN2_HIGH = 0x1.62e400p-1f;

  private static final float LN2_LOW = 0x1.7f7d1cp-20f;

  /** Adding 1.5 * 2^23 rounds to a whole number, which then lies in the low bits. */
  private static final float ROUND = 0x1.8p23f;

  /** Above it the exponential exceeds the largest float. */
  private static final float EXP_MAX = 88.72283f;

  /** Below it the exponential is less than the smallest normal float, and is flushed to 0. */
  private static final float EXP_MIN = -87.33654f;

  private static final FloatVector ONE = FloatVector.broadcast(F, 1f);

  private VectorMath() {}

  /**
   * {@code e^x} within 1.1 ulp. NaN gives NaN, infinity gives infinity; results below the smallest
   * normal float (x < -87.33654) are 0.
   */
  public static FloatVector exp(FloatVector x) {
    FloatVector e = expCore(x);
    return e.blend(0f, x.compare(LT, EXP_MIN))
        .blend(Float.POSITIVE_INFINITY, x.compare(GT, EXP_MAX))
        .blend(x, x.compare(NE, x));
  }

  /** As {@link #exp}, the same bits, for arguments that are not above 0. NaN gives NaN. */
  public static FloatVector expNotPositive(FloatVector x) {
    return expCore(x).blend(0f, x.compare(LT, EXP_MIN)).blend(x, x.compare(NE, x));
  }

  /** {@code e^x = 2^n e^r} with |r| at most ln 2 / 2. */
  private static FloatVector expCore(FloatVector x) {
    FloatVector shifted = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), x);
    r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
    FloatVector p = FloatVector.broadcast(F, 0.0013950491826384146f);
    p = p.fma(r, FloatVector.broadcast(F, 0.008368889352441055f));
    p = p.fma(r, FloatVector.broadcast(F, 0.04166620579138676f));
    p = p.fma(r, FloatVector.broadcast(F, 0.16666518839692587f));
    p = p.fma(r, FloatVector.broadcast(F, 0.5000000095188459f));
    p = r.mul(r).fma(p, r).add(ONE);
    // n lies in the low bits of `shifted`; adding it to the exponent multiplies by 2^n.
    return p.reinterpretAsInts()
        .add(shifted.reinterpretAsInts().lanewise(LSHL, 23))
        .reinterpretAsFloats();
  }

  /**
   * {@code ln x} within 1.1 ulp. 0 gives minus infinity, a negative number or NaN gives NaN;
   * denormal arguments are computed in full.
   */
  public static FloatVector log(FloatVector x) {
    VectorMask<Float> tiny = x.compare(LT, Float.MIN_NORMAL);
    FloatVector scaled = x.blend(x.mul(0x1p25f), tiny);
    // Splits off the exponent so that the mantissa m lies in [sqrt(1/2), sqrt(2)).
    IntVector bits = scaled.reinterpretAsInts();
    IntVector offset = bits.sub(0x3f3504f3);
    FloatVector exponent =
        ((FloatVector) offset.lanewise(ASHR, 23).convertShape(I2F, F, 0))
            .sub(FloatVector.zero(F).blend(25f, tiny));
    FloatVector f = bits.sub(offset.and(0xff800000)).reinterpretAsFloats().sub(ONE);
    FloatVector p = FloatVector.broadcast(F, 0.06915540649104633f);
    p = p.fma(f, FloatVector.broadcast(F, -0.11789864437898409f));
    p = p.fma(f, FloatVector.broadcast(F, 0.11872925643661583f));
    p = p.fma(f, FloatVector.broadcast(F, -0.12384335213930821f));
    p = p.fma(f, FloatVector.broadcast(F, 0.1421866385595161f));
    p = p.fma(f, FloatVector.broadcast(F, -0.16669251810565272f));
    p = p.fma(f, FloatVector.broadcast(F, 0.20002226318083796f));
    p = p.fma(f, FloatVector.broadcast(F, -0.24999986576512953f));
    p = p.fma(f, FloatVector.broadcast(F, 0.3333331044536907f));
    FloatVector square = f.mul(f);
    // ln(1 + f) = f - f^2/2 + f^3 p, small terms first.
    FloatVector low = exponent.mul(LN2_LOW);
    FloatVector tail = square.mul(f).fma(p, low);
    tail = square.fma(FloatVector.broadcast(F, -0.5f), tail);
    FloatVector y = exponent.fma(FloatVector.broadcast(F, LN2_HIGH), f.add(tail));
    return y.blend(x, x.compare(EQ, Float.POSITIVE_INFINITY))
        .blend(Float.NEGATIVE_INFINITY, x.compare(EQ, 0f))
        .blend(Float.NaN, x.compare(LT, 0f))
        .blend(x, x.compare(NE, x));
  }

  /**
   * {@code tanh x} within 2 ulp; odd, so tanh(-x) has the bits of -tanh(x). NaN gives NaN, infinity
   * gives 1 with its sign, a denormal gives itself.
   */
  public static FloatVector tanh(FloatVector x) {
    FloatVector magnitude = x.abs();
    FloatVector square = x.mul(x);
    FloatVector p = FloatVector.broadcast(F, -0.005717196027491675f);
    p = p.fma(square, FloatVector.broadcast(F, 0.020650716127162436f));
    p = p.fma(square, FloatVector.broadcast(F, -0.05374353547074175f));
    p = p.fma(square, FloatVector.broadcast(F, 0.13331491707315482f));
    p = p.fma(square, FloatVector.broadcast(F, -0.333332839396376f));
    FloatVector small = square.mul(magnitude).fma(p, magnitude);
    // 1 - 2 / (e^2x + 1); from 10 on it rounds to 1.
    FloatVector e = expCore(magnitude.min(10f).mul(2f));
    FloatVector large = ONE.sub(FloatVector.broadcast(F, 2f).div(e.add(ONE)));
    FloatVector y = large.blend(small, magnitude.compare(LT, 0.625f));
    FloatVector signed = y.blend(y.neg(), x.compare(LT, 0f));
    return signed.blend(x, x.compare(EQ, 0f).or(x.compare(NE, x)));
  }

  /** {@code 1 / (1 + e^-x)}. */
  static FloatVector sigmoid(FloatVector x) {
    return ONE.div(exp(x.neg()).add(ONE));
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

  private static FloatVector foldTo4(FloatVector v) {
    FloatVector eight = V >= 16 ? v.add(v.rearrange(BY_8)) : v;
    return V >= 8 ? eight.add(eight.rearrange(BY_4)) : eight;
  }
}
