package dev.anechoic.model.corpus;

import dev.anechoic.model.problem.NumberStyle;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the numbers of a text, in digits and in words. */
final class NumberScanner {

  /**
   * A number of a text.
   *
   * @param start in chars
   * @param end in chars, exclusive
   * @param style that writes the value as it stands there
   * @param free whether it stands for itself: it is no part of a fraction, a time, an ordinal or of
   *     {@code two hundred}, and {@code style} writes it exactly
   * @param multiplied whether a word such as {@code hundred} makes it a larger number
   */
  record Found(
      int start, int end, BigDecimal value, NumberStyle style, boolean free, boolean multiplied) {}

  private static final String TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety";
  // "one" is left out: it is a pronoun more often than a number.
  private static final String WORD =
      "(?:"
          + TENS
          + ")(?:-(?:one|two|three|four|five|six|seven|eight|nine))?"
          + "|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
          + "|sixteen|seventeen|eighteen|nineteen";
  private static final Pattern NUMBER =
      Pattern.compile(
          "(?<digits>\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|\\d+(?:\\.\\d+)?|\\.\\d+)"
              + "|(?<word>(?i)\\b(?:"
              + WORD
              + ")\\b)");
  private static final Pattern MULTIPLE =
      Pattern.compile("(?i)[ -](hundred|thousand|million|billion|and a half|and one)\\b");

  private NumberScanner() {}

  /**
   * The numbers of a text in order.
   *
   * @param formulas whether {@code /} and a letter {@code x} are operators here, not parts of a
   *     fraction or a name
   */
  static List<Found> scan(String text, boolean formulas) {
    List<Found> found = new ArrayList<>();
    Matcher matcher = NUMBER.matcher(text);
    while (matcher.find()) {
      String written = matcher.group();
      boolean word = matcher.group("word") != null;
      BigDecimal value =
          word
              ? BigDecimal.valueOf(NumberStyle.wordValue(written))
              : new BigDecimal(written.replace(",", ""));
      NumberStyle style = word ? wordStyle(written) : digitStyle(written);
      boolean exact = style.text(value).equals(written);
      boolean multiplied = MULTIPLE.matcher(text).region(matcher.end(), text.length()).lookingAt();
      boolean free =
          exact && !multiplied && isAlone(text, matcher.start(), matcher.end(), formulas);
      found.add(new Found(matcher.start(), matcher.end(), value, style, free, multiplied));
    }
    return found;
  }

  private static NumberStyle wordStyle(String written) {
    return new NumberStyle(true, Character.isUpperCase(written.charAt(0)), false, 0);
  }

  private static NumberStyle digitStyle(String written) {
    int point = written.indexOf('.');
    int decimals = point < 0 ? 0 : written.length() - point - 1;
    return new NumberStyle(false, false, written.indexOf(',') >= 0, decimals >= 2 ? decimals : 0);
  }

  private static boolean isAlone(String text, int start, int end, boolean formulas) {
    char before = start == 0 ? ' ' : text.charAt(start - 1);
    char after = end == text.length() ? ' ' : text.charAt(end);
    char behind = end + 1 < text.length() ? text.charAt(end + 1) : ' ';
    if (Character.isLetter(before) && !(formulas && before == 'x')) {
      return false;
    }
    if (Character.isLetter(after) && !(formulas && after == 'x' && !Character.isLetter(behind))) {
      return false;
    }
    if (before == '.'
        || before == ','
        || (after == '.' || after == ',') && Character.isDigit(behind)) {
      return false;
    }
    if (before == ':' || after == ':' && Character.isDigit(behind) || before == '_') {
      return false;
    }
    return formulas || before != '/' && after != '/';
  }
}
