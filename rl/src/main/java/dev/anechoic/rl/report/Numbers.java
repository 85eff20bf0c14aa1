package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.Interval;
import java.util.Locale;

/** Numbers as people read them; what was not measured is an en dash. */
final class Numbers {
  static final String ABSENT = "–";
  private static final String MINUS = "−";

  private Numbers() {}

  /** A fraction as a percentage without decimals, or with one below 10 % and above 90 %. */
  static String percent(double fraction) {
    if (!Double.isFinite(fraction)) {
      return ABSENT;
    }
    double percent = 100 * fraction;
    boolean atEnd = Math.abs(percent) < 10 || Math.abs(percent) > 90 && Math.abs(percent) < 110;
    boolean whole = Math.abs(percent - Math.rint(percent)) < 0.05;
    return minus(format(atEnd && !whole ? "%.1f %%" : "%.0f %%", percent));
  }

  /** A difference of fractions in percentage points, with its sign. */
  static String points(double fraction) {
    return Double.isFinite(fraction)
        ? minus(format(Math.abs(fraction) < 5e-4 ? "%.1f points" : "%+.1f points", 100 * fraction))
        : ABSENT;
  }

  /** An interval of fractions, such as {@code 41–47 %}. */
  static String percentRange(Interval interval) {
    return Double.isFinite(interval.low())
        ? minus(format("%.0f", 100 * interval.low()))
            + " to "
            + minus(format("%.0f %%", 100 * interval.high()))
        : ABSENT;
  }

  /** Three significant digits, plain up to a million and down to a thousandth. */
  static String significant(double value) {
    if (!Double.isFinite(value)) {
      return ABSENT;
    }
    double size = Math.abs(value);
    if (size == 0) {
      return "0";
    }
    if (size >= 1e6 || size < 1e-3) {
      return minus(format("%.1e", value).replaceAll("e([+-])0*(\\d+)", "e$1$2").replace("e+", "e"));
    }
    if (size >= 100) {
      return minus(format("%,.0f", value));
    }
    return minus(format(size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", value));
  }

  /** As {@link #significant}, without zeros at the end: for settings and axes. */
  static String plain(double value) {
    String text = significant(value);
    return text.contains(".") && !text.contains("e") ? text.replaceFirst("\\.?0+$", "") : text;
  }

  /** As {@link #plain}, with the sign written out. */
  static String plainSigned(double value) {
    return value > 0 ? "+" + plain(value) : plain(value);
  }

  /** Three significant digits with the sign written out. */
  static String signed(double value) {
    return value > 0 ? "+" + significant(value) : significant(value);
  }

  static String seconds(double seconds) {
    if (!Double.isFinite(seconds)) {
      return ABSENT;
    }
    if (seconds < 1) {
      return format("%.0f ms", 1000 * seconds);
    }
    return seconds < 100
        ? format("%.1f s", seconds)
        : format("%d min %d s", (long) seconds / 60, (long) seconds % 60);
  }

  static String count(long value) {
    return format("%,d", value);
  }

  static String format(String pattern, Object... arguments) {
    return String.format(Locale.ROOT, pattern, arguments);
  }

  private static String minus(String text) {
    String number = text.replaceFirst("^-(?=0(\\.0+)?( |$))", ""); // no "−0"
    return number.startsWith("-") ? MINUS + number.substring(1) : number;
  }
}
