package dev.anechoic.model.format;

import java.math.BigDecimal;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/** Numbers as answers: read, compared, counted as votes. */
public final class Answers {

  /** Absorbs the rounding of binary floating point, and nothing that a person would write. */
  private static final BigDecimal TOLERANCE = new BigDecimal("1e-6");

  private static final int VOTE_DECIMALS = 5;
  private static final int LONGEST = 40;

  private Answers() {}

  /** Whether two numbers are the same answer: 5, 5.0 and 5.00 are. */
  public static boolean equal(BigDecimal answer, BigDecimal gold) {
    if (answer.precision() - answer.scale() > LONGEST) {
      return answer.compareTo(gold) == 0;
    }
    BigDecimal allowed = TOLERANCE.multiply(gold.abs().max(BigDecimal.ONE));
    return answer.subtract(gold).abs().compareTo(allowed) <= 0;
  }

  /** The key of a vote: equal for 5, 5.0 and 5.00. */
  public static String vote(BigDecimal answer) {
    BigDecimal rounded = answer.setScale(VOTE_DECIMALS, RoundingMode.HALF_EVEN);
    return rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
  }

  /**
   * Reads a number as it is written in prose or in a box: {@code 1,200}, {@code $5.00}, {@code
   * \$12}, {@code 50\%}, {@code 3/4}, {@code \frac{3}{4}}.
   *
   * @return null if the text is not one number
   */
  public static @Nullable BigDecimal parse(String text) {
    String plain = text.strip();
    if (plain.length() > LONGEST) {
      return null;
    }
    if (isPlain(plain)) {
      return new BigDecimal(plain);
    }
    plain = plain.replace("\\!", "").replace("\\", "").replace("$", "").replace("%", "").strip();
    if (plain.startsWith("frac{") && plain.endsWith("}")) {
      plain = plain.substring(5, plain.length() - 1).replace("}{", "/");
    }
    int slash = plain.indexOf('/');
    if (slash > 0) {
      BigDecimal numerator = decimal(plain.substring(0, slash));
      BigDecimal denominator = decimal(plain.substring(slash + 1));
      return numerator == null || denominator == null || denominator.signum() == 0
          ? null
          : numerator.divide(denominator, java.math.MathContext.DECIMAL64);
    }
    return decimal(plain);
  }

  /** A number that may have commas between thousands. */
  private static @Nullable BigDecimal decimal(String text) {
    String plain = text.strip();
    if (plain.indexOf(',') >= 0) {
      if (!hasThousands(plain)) {
        return null;
      }
      plain = plain.replace(",", "");
    }
    if (plain.endsWith(".")) {
      plain = plain.substring(0, plain.length() - 1);
    }
    if (plain.startsWith(".") && plain.length() > 1) {
      plain = "0" + plain;
    }
    return isPlain(plain) ? new BigDecimal(plain) : null;
  }

  /** Whether every comma stands before exactly three digits. */
  private static boolean hasThousands(String text) {
    int end = text.indexOf('.') < 0 ? text.length() : text.indexOf('.');
    int first = text.indexOf(',');
    if (first < 1 || (end - first) % 4 != 0) {
      return false;
    }
    for (int i = first; i < end; i++) {
      if ((text.charAt(i) == ',') != ((i - first) % 4 == 0)) {
        return false;
      }
    }
    return true;
  }

  /** Whether the text is a sign, digits, and perhaps a point with more digits. */
  static boolean isPlain(String text) {
    int i = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
    int start = i;
    int points = 0;
    for (; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '.' && i > start && i + 1 < text.length() && points == 0) {
        points++;
      } else if (c < '0' || c > '9') {
        return false;
      }
    }
    return i > start;
  }
}
