package dev.anechoic.model.python;

/**
 * A format specification, {@code [[fill]align][sign][0][width][,][.precision][type]}.
 *
 * @param align one of {@code < > ^ =}, or 0
 * @param sign one of {@code + -} and space
 * @param width least number of characters
 * @param grouping {@code ,} or {@code _} between thousands, or 0
 * @param precision digits after the point, or -1
 * @param type the type letter, or 0
 */
record FormatSpec(
    char fill, char align, char sign, int width, char grouping, int precision, char type) {

  private static final int WIDEST = 1000;

  static FormatSpec parse(String spec) {
    int i = 0;
    char fill = ' ';
    char align = 0;
    if (spec.length() > 1 && isAlign(spec.charAt(1))) {
      fill = spec.charAt(0);
      align = spec.charAt(1);
      i = 2;
    } else if (isAlign(spec.charAt(0))) {
      align = spec.charAt(0);
      i = 1;
    }
    char sign = '-';
    if (i < spec.length() && "+- ".indexOf(spec.charAt(i)) >= 0) {
      sign = spec.charAt(i++);
    }
    if (i < spec.length() && spec.charAt(i) == '0') {
      i++;
      if (align == 0) {
        fill = '0';
        align = '=';
      }
    }
    int width = 0;
    for (; i < spec.length() && Character.isDigit(spec.charAt(i)); i++) {
      width = bounded(width * 10 + spec.charAt(i) - '0');
    }
    char grouping = 0;
    if (i < spec.length() && (spec.charAt(i) == ',' || spec.charAt(i) == '_')) {
      grouping = spec.charAt(i++);
    }
    int precision = -1;
    if (i < spec.length() && spec.charAt(i) == '.') {
      int start = ++i;
      precision = 0;
      for (; i < spec.length() && Character.isDigit(spec.charAt(i)); i++) {
        precision = bounded(precision * 10 + spec.charAt(i) - '0');
      }
      if (i == start) {
        throw Stop.valueError("Format specifier missing precision");
      }
    }
    char type = i < spec.length() ? spec.charAt(i++) : 0;
    if (i < spec.length()) {
      throw Stop.valueError("Invalid format specifier");
    }
    return new FormatSpec(fill, align, sign, width, grouping, precision, type);
  }

  private static boolean isAlign(char c) {
    return c == '<' || c == '>' || c == '^' || c == '=';
  }

  private static int bounded(int value) {
    if (value > WIDEST) {
      throw Stop.overBudget("text width");
    }
    return value;
  }

  /** Text, cut to the precision and filled to the width. */
  String text(String value) {
    if (type != 0 && type != 's') {
      throw Stop.valueError("Unknown format code '" + type + "' for object of type 'str'");
    }
    if (align == '=' || grouping != 0 || sign != '-') {
      throw Stop.valueError("format specifier not allowed for a string");
    }
    String cut =
        precision >= 0 && precision < value.length() ? value.substring(0, precision) : value;
    return fill(cut, align == 0 ? '<' : align);
  }

  /** A number given by its sign, its digits (with point and exponent) and a suffix. */
  String number(boolean negative, String digits, String suffix) {
    String mark = negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    String body = grouping == 0 ? digits : group(digits, mark.length() + suffix.length());
    if (align == '=') {
      int missing = width - mark.length() - body.length() - suffix.length();
      return mark + String.valueOf(fill).repeat(Math.max(0, missing)) + body + suffix;
    }
    return fill(mark + body + suffix, align == 0 ? '>' : align);
  }

  private String group(String digits, int otherChars) {
    if (fill == '0' && align == '=') {
      throw Stop.unsupported("grouped digits with leading zeros");
    }
    int end = 0;
    while (end < digits.length() && Character.isDigit(digits.charAt(end))) {
      end++;
    }
    StringBuilder out = new StringBuilder(digits.length() + otherChars);
    for (int i = 0; i < end; i++) {
      if (i > 0 && (end - i) % 3 == 0) {
        out.append(grouping);
      }
      out.append(digits.charAt(i));
    }
    return out.append(digits, end, digits.length()).toString();
  }

  private String fill(String body, char side) {
    int missing = Math.max(0, width - body.length());
    int before = side == '>' || side == '=' ? missing : side == '^' ? missing / 2 : 0;
    String mark = String.valueOf(fill);
    return mark.repeat(before) + body + mark.repeat(missing - before);
  }
}
