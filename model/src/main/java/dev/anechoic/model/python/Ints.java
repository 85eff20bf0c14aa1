package dev.anechoic.model.python;

import java.math.BigInteger;

/** Integers: a {@link Long} where it fits, a {@link BigInteger} only where it does not. */
final class Ints {

  private static final int LONG_BITS = 63;

  /** What a true division of long integers leaves behind besides the digits of its operands. */
  private static final int DIVISION_BYTES = 700;

  private static final long EXACT_IN_DOUBLE = 1L << 53;

  private Ints() {}

  /** The shortest form of an integer. */
  static Object of(BigInteger value) {
    if (value.bitLength() <= LONG_BITS) {
      return value.longValue();
    }
    return value;
  }

  static BigInteger big(Object integer) {
    return integer instanceof BigInteger b ? b : BigInteger.valueOf((Long) integer);
  }

  static Object apply(Operator operator, Object a, Object b, Budget budget) {
    if (a instanceof Long x && b instanceof Long y) {
      return apply(operator, (long) x, (long) y, budget);
    }
    return apply(operator, big(a), big(b), budget);
  }

  private static Object apply(Operator operator, long a, long b, Budget budget) {
    switch (operator) {
      case ADD -> {
        long sum = a + b;
        if (((a ^ sum) & (b ^ sum)) >= 0) {
          return sum;
        }
      }
      case SUBTRACT -> {
        long difference = a - b;
        if (((a ^ b) & (a ^ difference)) >= 0) {
          return difference;
        }
      }
      case MULTIPLY -> {
        long product = a * b;
        long high = Math.multiplyHigh(a, b);
        if (high == 0 && product >= 0 || high == -1 && product < 0) {
          return product;
        }
      }
      case DIVIDE -> {
        if (b != 0 && Math.abs(a) <= EXACT_IN_DOUBLE && Math.abs(b) <= EXACT_IN_DOUBLE) {
          return (double) a / (double) b;
        }
      }
      case FLOOR_DIVIDE -> {
        if (b != 0 && b != -1) {
          return Math.floorDiv(a, b);
        }
      }
      case MODULO -> {
        if (b != 0) {
          return Math.floorMod(a, b);
        }
      }
      case POWER -> {}
    }
    return apply(operator, BigInteger.valueOf(a), BigInteger.valueOf(b), budget);
  }

  private static Object apply(Operator operator, BigInteger a, BigInteger b, Budget budget) {
    return switch (operator) {
      case ADD -> {
        budget.integer(Math.max(a.bitLength(), b.bitLength()) + 1L);
        yield of(a.add(b));
      }
      case SUBTRACT -> {
        budget.integer(Math.max(a.bitLength(), b.bitLength()) + 1L);
        yield of(a.subtract(b));
      }
      case MULTIPLY -> {
        budget.integer((long) a.bitLength() + b.bitLength());
        budget.product(a, b);
        yield of(a.multiply(b));
      }
      case DIVIDE -> divide(a, b, budget);
      case FLOOR_DIVIDE -> of(floorDivide(a, b, budget)[0]);
      case MODULO -> of(floorDivide(a, b, budget)[1]);
      case POWER -> power(a, b, budget);
    };
  }

  /** Quotient rounded down, and the remainder, which has the sign of the divisor. */
  private static BigInteger[] floorDivide(BigInteger a, BigInteger b, Budget budget) {
    if (b.signum() == 0) {
      throw Stop.raise("ZeroDivisionError", "integer division or modulo by zero");
    }
    budget.integer(a.bitLength());
    budget.product(a, b);
    BigInteger[] result = a.divideAndRemainder(b);
    if (result[1].signum() != 0 && result[1].signum() != b.signum()) {
      result[0] = result[0].subtract(BigInteger.ONE);
      result[1] = result[1].add(b);
    }
    return result;
  }

  /** The quotient of two integers, rounded once to the nearest double, ties to even. */
  private static double divide(BigInteger a, BigInteger b, Budget budget) {
    if (b.signum() == 0) {
      throw Stop.raise("ZeroDivisionError", "division by zero");
    }
    final int guardBits = 66;
    final int smallestExponent = 1076;
    int shift = Math.min(guardBits - a.bitLength() + b.bitLength(), smallestExponent);
    BigInteger dividend = a.abs();
    BigInteger divisor = b.abs();
    if (shift >= 0) {
      dividend = dividend.shiftLeft(shift);
    } else {
      divisor = divisor.shiftLeft(-shift);
    }
    budget.allocate(DIVISION_BYTES + (((long) dividend.bitLength() + divisor.bitLength()) >> 2));
    budget.product(dividend, divisor);
    BigInteger[] result = dividend.divideAndRemainder(divisor);
    // A remainder sets the last of the guard bits, so that the one rounding sees that it is
    // inexact.
    BigInteger quotient = result[1].signum() == 0 ? result[0] : result[0].setBit(0);
    double magnitude = Math.scalb(quotient.doubleValue(), -shift);
    if (Double.isInfinite(magnitude)) {
      throw Stop.raise("OverflowError", "integer division result too large for a float");
    }
    return (a.signum() < 0) != (b.signum() < 0) ? -magnitude : magnitude;
  }

  private static Object power(BigInteger base, BigInteger exponent, Budget budget) {
    if (exponent.signum() < 0) {
      return Floats.power(toDouble(of(base)), toDouble(of(exponent)));
    }
    if (base.bitLength() <= 1 && base.abs().bitLength() <= 1) {
      boolean negative = base.signum() < 0 && exponent.testBit(0);
      return base.signum() == 0 ? (exponent.signum() == 0 ? 1L : 0L) : (negative ? -1L : 1L);
    }
    if (exponent.bitLength() > 31) {
      throw Stop.overBudget("integer size");
    }
    int times = exponent.intValue();
    long bits = (long) base.abs().bitLength() * times;
    budget.integer(Math.max(bits - times, 0));
    budget.allocate(bits >> 2);
    budget.work((bits >> 5) * (bits >> 5) >> 4);
    return of(base.pow(times));
  }

  /** The nearest double, or Python's error where there is none. */
  static double toDouble(Object integer) {
    if (integer instanceof Long value) {
      return value;
    }
    double value = ((BigInteger) integer).doubleValue();
    if (Double.isInfinite(value)) {
      throw Stop.raise("OverflowError", "int too large to convert to float");
    }
    return value;
  }

  /** Decimal digits, charged by their number. */
  static String text(Object integer, Budget budget) {
    if (integer instanceof BigInteger value) {
      budget.work((long) (value.bitLength() >> 5) * (value.bitLength() >> 5) >> 3);
      budget.text(value.bitLength() / 3);
    }
    return integer.toString();
  }
}
