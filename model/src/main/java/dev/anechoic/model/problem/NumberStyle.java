package dev.anechoic.model.problem;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;

/**
 * How a number is written.
 *
 * @param word as a word, where it is a whole number below a hundred
 * @param capital with a capital first letter
 * @param grouped with commas between thousands
 * @param decimals least number of digits after the point
 */
public record NumberStyle(boolean word, boolean capital, boolean grouped, int decimals) {

  public static final NumberStyle DIGITS = new NumberStyle(false, false, false, 0);
  public static final NumberStyle WORD = new NumberStyle(true, false, false, 0);

  private static final List<String> UNITS =
      List.of(
          "zero",
          "one",
          "two",
          "three",
          "four",
          "five",
          "six",
          "seven",
          "eight",
          "nine",
          "ten",
          "eleven",
          "twelve",
          "thirteen",
          "fourteen",
          "fifteen",
          "sixteen",
          "seventeen",
          "eighteen",
          "nineteen");
  private static final List<String> TENS =
      List.of("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety");

  /** The largest whole number that has a word. */
  private static final int LARGEST_WORD = 99;

  /** The text of a number in this style. */
  public String text(BigDecimal value) {
    BigDecimal number = strip(value);
    if (word && number.scale() <= 0 && number.signum() >= 0) {
      if (number.compareTo(BigDecimal.valueOf(LARGEST_WORD)) <= 0) {
        String text = words(number.intValue());
        return capital ? text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1) : text;
      }
    }
    String plain = number.setScale(Math.max(number.scale(), decimals)).toPlainString();
    return grouped ? group(plain) : plain;
  }

  private static String words(int number) {
    if (number < UNITS.size()) {
      return UNITS.get(number);
    }
    String tens = TENS.get(number / 10);
    return number % 10 == 0 ? tens : tens + "-" + UNITS.get(number % 10);
  }

  /** The number that a word such as {@code seven} or {@code twenty-one} stands for, or -1. */
  public static int wordValue(String word) {
    String lower = word.toLowerCase(Locale.ROOT);
    int unit = UNITS.indexOf(lower);
    if (unit >= 0 || lower.isEmpty()) {
      return unit;
    }
    int hyphen = lower.indexOf('-');
    int tens = TENS.indexOf(hyphen < 0 ? lower : lower.substring(0, hyphen));
    if (tens < 0 || hyphen < 0) {
      return tens < 0 ? -1 : tens * 10;
    }
    int rest = UNITS.indexOf(lower.substring(hyphen + 1));
    return rest > 0 && rest < 10 ? tens * 10 + rest : -1;
  }

  /** The number without trailing zeros, and without an exponent where it is whole. */
  public static BigDecimal strip(BigDecimal value) {
    BigDecimal stripped = value.stripTrailingZeros();
    return stripped.scale() < 0 ? stripped.setScale(0) : stripped;
  }

  private static String group(String plain) {
    int end = plain.indexOf('.') < 0 ? plain.length() : plain.indexOf('.');
    int start = plain.startsWith("-") ? 1 : 0;
    StringBuilder out = new StringBuilder(plain);
    for (int i = end - 3; i > start; i -= 3) {
      out.insert(i, ',');
    }
    return out.toString();
  }
}
