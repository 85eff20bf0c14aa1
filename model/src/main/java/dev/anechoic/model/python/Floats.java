package dev.anechoic.model.python;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/** Floating-point numbers with Python's results. */
final class Floats {

  private static final int SHORTEST_WITHOUT_EXPONENT = -4;
  private static final int LONGEST_WITHOUT_EXPONENT = 16;

  private static final int EXACT_BYTES_PER_DIGIT = 5;
  private static final double LARGEST_PLAIN = 1e15;

  private Floats() {}

  static double apply(Operator operator, double a, double b) {
    return switch (operator) {
      case ADD -> a + b;
      case SUBTRACT -> a - b;
      case MULTIPLY -> a * b;
      case DIVIDE -> {
        if (b == 0) {
          throw Stop.raise("ZeroDivisionError", "float division by zero");
        }
        yield a / b;
      }
      case FLOOR_DIVIDE -> floorDivide(a, b);
      case MODULO -> modulo(a, b);
      case POWER -> power(a, b);
    };
  }

  /** The remainder with the sign of the divisor. */
  private static double modulo(double a, double b) {
    if (b == 0) {
      throw Stop.raise("ZeroDivisionError", "float modulo");
    }
    double remainder = a % b;
    if (remainder == 0) {
      return Math.copySign(0.0, b);
    }
    return (b < 0) == (remainder < 0) ? remainder : remainder + b;
  }

  /** CPython's {@code float_floor_div}: exact where {@code floor(a / b)} would be one off. */
  private static double floorDivide(double a, double b) {
    if (b == 0) {
      throw Stop.raise("ZeroDivisionError", "float floor division by zero");
    }
    double remainder = a % b;
    double quotient = (a - remainder) / b;
    if (remainder != 0 && (b < 0) != (remainder < 0)) {
      quotient -= 1.0;
    }
    if (quotient == 0) {
      return Math.copySign(0.0, a / b);
    }
    double floor = Math.floor(quotient);
    return quotient - floor > 0.5 ? floor + 1.0 : floor;
  }

  static double power(double base, double exponent) {
    if (base == 0 && exponent < 0) {
      throw Stop.raise("ZeroDivisionError", "0.0 cannot be raised to a negative power");
    }
    if (exponent == 0 || base == 1) {
      return 1.0;
    }
    if (Double.isFinite(base) && base < 0 && exponent != Math.rint(exponent)) {
      throw Stop.unsupported("complex numbers");
    }
    if (base == -1 && Double.isInfinite(exponent)) {
      return 1.0;
    }
    double result = integerPower(base, exponent);
    if (Double.isInfinite(result) && Double.isFinite(base) && Double.isFinite(exponent)) {
      throw Stop.raise("OverflowError", "(34, 'Numerical result out of range')");
    }
    return result;
  }

  /**
   * A small whole power by products of pairs of doubles, which rounds correctly where {@link
   * Math#pow} may be one unit off CPython's.
   */
  private static double integerPower(double base, double exponent) {
    final int largest = 64;
    double magnitude = Math.abs(base);
    boolean inRange = magnitude > 0x1p-15 && magnitude < 0x1p15;
    if (!inRange || exponent != Math.rint(exponent) || Math.abs(exponent) > largest) {
      return Math.pow(base, exponent);
    }
    double high = 1;
    double low = 0;
    for (int i = (int) Math.abs(exponent); i > 0; i--) {
      double product = high * base;
      double error = Math.fma(high, base, -product) + low * base;
      high = product + error;
      low = error - (high - product);
    }
    if (exponent > 0) {
      return high;
    }
    double quotient = 1 / high;
    double residual = Math.fma(-quotient, high, 1.0) - quotient * low;
    return quotient + residual / high;
  }

  /** {@code round(x, digits)}: the exact value of the double, ties to even. */
  static double round(double value, int digits, Budget budget) {
    final int mostDigits = 340;
    chargeExact(value, budget);
    if (!Double.isFinite(value) || value == 0 || digits > mostDigits) {
      return value;
    }
    if (digits < -mostDigits) {
      return Math.copySign(0.0, value);
    }
    double rounded = new BigDecimal(value).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
    if (Double.isInfinite(rounded)) {
      throw Stop.raise("OverflowError", "rounded value too large to represent");
    }
    return rounded == 0 ? Math.copySign(0.0, value) : rounded;
  }

  /** Charges for the exact decimal of a double, which has about as many digits as its exponent. */
  static void chargeExact(double value, Budget budget) {
    long digits = Math.abs(Math.getExponent(value));
    budget.allocate(digits * EXACT_BYTES_PER_DIGIT);
    budget.work(digits >> 4);
  }

  /** The integer that a whole double stands for. */
  static Object toInteger(double value) {
    if (Double.isNaN(value)) {
      throw Stop.valueError("cannot convert float NaN to integer");
    }
    if (Double.isInfinite(value)) {
      throw Stop.raise("OverflowError", "cannot convert float infinity to integer");
    }
    if (Math.abs(value) < 0x1p62) {
      return (long) value;
    }
    return Ints.of(new BigDecimal(value).toBigInteger());
  }

  /** Compares an integer with a double that is not NaN, without rounding either. */
  static int compare(Object integer, double value) {
    if (integer instanceof Long whole && Math.abs(whole) <= 1L << 53) {
      return Double.compare((double) whole, value + 0.0);
    }
    BigInteger big = Ints.big(integer);
    int bits = Math.abs(value) < 1 ? 0 : Math.getExponent(value) + 1;
    if (big.signum() != (int) Math.signum(value) || big.abs().bitLength() != bits) {
      boolean integerIsFarther = big.abs().bitLength() > bits;
      boolean above = integerIsFarther ? big.signum() > 0 : value < 0;
      return above ? 1 : -1;
    }
    // So large a double is whole; only an infinity has its number of bits and is none.
    return Double.isInfinite(value) ? (value > 0 ? -1 : 1) : big.compareTo(whole(value));
  }

  /** The integer that a double of at least 2^52 stands for. */
  private static BigInteger whole(double value) {
    long significand = Double.doubleToLongBits(value) & ((1L << 52) - 1) | 1L << 52;
    BigInteger magnitude = BigInteger.valueOf(significand).shiftLeft(Math.getExponent(value) - 52);
    return value < 0 ? magnitude.negate() : magnitude;
  }

  /** The shortest text that reads back as the same double, as CPython's {@code repr}. */
  static String repr(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (Math.abs(value) < LARGEST_PLAIN && value != 0 && value == Math.rint(value)) {
      return (long) value + ".0";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    BigDecimal shortest = shortest(value);
    String digits = shortest.unscaledValue().abs().toString();
    int point = digits.length() - shortest.scale();
    return (value < 0 ? "-" : "") + layout(digits, point);
  }

  private static BigDecimal shortest(double value) {
    BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    // Java prefers two digits to one where both read back the same, which only the smallest do.
    if (decimal.precision() == 2) {
      BigDecimal one = decimal.round(new java.math.MathContext(1, RoundingMode.HALF_EVEN));
      return one.doubleValue() == value ? one.stripTrailingZeros() : decimal;
    }
    return decimal;
  }

  /** Places the decimal point after {@code point} digits, with an exponent where Python has one. */
  private static String layout(String digits, int point) {
    int exponent = point - 1;
    if (exponent < SHORTEST_WITHOUT_EXPONENT || exponent >= LONGEST_WITHOUT_EXPONENT) {
      String mantissa =
          digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
      String sign = exponent < 0 ? "-" : "+";
      String magnitude = Integer.toString(Math.abs(exponent));
      return mantissa + "e" + sign + (magnitude.length() < 2 ? "0" : "") + magnitude;
    }
    if (point <= 0) {
      return "0." + "0".repeat(-point) + digits;
    }
    if (point >= digits.length()) {
      return digits + "0".repeat(point - digits.length()) + ".0";
    }
    return digits.substring(0, point) + "." + digits.substring(point);
  }
}
