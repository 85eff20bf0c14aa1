package dev.anechoic.model.problem;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;

/**
 * How a number is written.
 *
 * @param word as a word, where it is a whole number up to twelve (or a known multiple of ten)
 * @param capital with a capital first letter
 * @param grouped with commas between thousands
 * @param decimals least number of digits after the point
 */
public record NumberStyle(boolean word, boolean capital, boolean grouped, int decimals) {

  public static final NumberStyle DIGITS = new NumberStyle(false, false, false, 0);
  public static final NumberStyle WORD = new NumberStyle(true, false, false, 0);

  private static final List<String> WORDS =
      List.of(
          "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
          "eleven", "twelve");

  /** The largest whole number with a word of its own here. */
  public static final int LARGEST_WORD = WORDS.size() - 1;

  /** The text of a number in this style. */
  public String text(BigDecimal value) {
    BigDecimal number = strip(value);
    if (word && number.scale() <= 0 && number.signum() >= 0) {
      BigDecimal largest = BigDecimal.valueOf(LARGEST_WORD);
      if (number.compareTo(largest) <= 0) {
        String text = WORDS.get(number.intValue());
        return capital ? text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1) : text;
      }
    }
    if (number.scale() < decimals && number.scale() > 0) {
      number = number.setScale(decimals);
    }
    String plain = number.toPlainString();
    return grouped ? group(plain) : plain;
  }

  /** The number that a word stands for, or -1. */
  public static int wordValue(String word) {
    return WORDS.indexOf(word.toLowerCase(Locale.ROOT));
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
