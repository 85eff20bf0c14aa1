package dev.anechoic.model.python;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;

/** Values as text: {@code str}, {@code repr} and format specifications. */
final class Text {

  private static final int DEEPEST_LIST = 20;

  private Text() {}

  static String str(Object value, Budget budget) {
    return value instanceof String s ? s : repr(value, budget);
  }

  static String repr(Object value, Budget budget) {
    if (value instanceof Sequence || value instanceof String) {
      StringBuilder out = new StringBuilder();
      append(value, out, budget, 0);
      return out.toString();
    }
    budget.text(8);
    return switch (value) {
      case Boolean b -> b ? "True" : "False";
      case Long i -> i.toString();
      case BigInteger i -> Ints.text(i, budget);
      case Double d -> Floats.repr(d);
      case None _ -> "None";
      case Range r -> {
        long stop = r.at(r.size());
        yield "range(" + r.start() + ", " + stop + (r.step() == 1 ? ")" : ", " + r.step() + ")");
      }
      default -> throw Stop.unsupported("text of a function");
    };
  }

  private static void append(Object value, StringBuilder out, Budget budget, int depth) {
    budget.step();
    if (value instanceof String s) {
      budget.text(s.length());
      quote(s, out);
      return;
    }
    if (!(value instanceof Sequence sequence)) {
      String text = repr(value, budget);
      budget.text(text.length());
      out.append(text);
      return;
    }
    if (depth > DEEPEST_LIST) {
      throw Stop.overBudget("recursion");
    }
    boolean list = sequence instanceof Sequence.PyList;
    out.append(list ? '[' : '(');
    List<Object> items = sequence.items();
    for (int i = 0; i < items.size(); i++) {
      out.append(i == 0 ? "" : ", ");
      append(items.get(i), out, budget, depth + 1);
    }
    out.append(!list && items.size() == 1 ? "," : "").append(list ? ']' : ')');
  }

  private static void quote(String text, StringBuilder out) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    out.append(quote);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\n' -> out.append("\\n");
        case '\t' -> out.append("\\t");
        case '\r' -> out.append("\\r");
        case '\\' -> out.append("\\\\");
        default -> out.append(c == quote ? "\\" + c : c);
      }
    }
    out.append(quote);
  }

  /** {@code format(value, spec)} for text and numbers. */
  static String format(Object value, String spec, Budget budget) {
    if (spec.isEmpty()) {
      return str(value, budget);
    }
    FormatSpec parsed = FormatSpec.parse(spec);
    budget.text(parsed.width() + parsed.precision() + 16L);
    return switch (value) {
      case String s -> parsed.text(s);
      case Boolean b when parsed.type() == 0 -> parsed.text(b ? "True" : "False");
      case Boolean b -> formatInteger(b ? 1L : 0L, parsed, budget);
      case Long i -> formatInteger(i, parsed, budget);
      case BigInteger i -> formatInteger(i, parsed, budget);
      case Double d -> formatDouble(d, parsed, budget);
      default ->
          throw Stop.typeError("unsupported format string passed to " + Values.typeName(value));
    };
  }

  private static String formatInteger(Object value, FormatSpec spec, Budget budget) {
    return switch (spec.type()) {
      case 0, 'd', 'n' -> {
        if (spec.precision() >= 0) {
          throw Stop.valueError("Precision not allowed in integer format specifier");
        }
        String text = Ints.text(value, budget);
        boolean negative = text.charAt(0) == '-';
        yield spec.number(negative, negative ? text.substring(1) : text, "");
      }
      case 'e', 'E', 'f', 'F', 'g', 'G', '%' -> formatDouble(Ints.toDouble(value), spec, budget);
      case 's' -> throw Stop.valueError("Unknown format code 's' for object of type 'int'");
      default -> throw Stop.unsupported("format type '" + spec.type() + "'");
    };
  }

  private static String formatDouble(double value, FormatSpec spec, Budget budget) {
    char type = spec.type();
    if (type == 'd' || type == 's') {
      throw Stop.valueError("Unknown format code '" + type + "' for object of type 'float'");
    }
    boolean negative = value < 0 || value == 0 && 1 / value < 0;
    double magnitude = Math.abs(value);
    if (!Double.isFinite(value)) {
      String name = Double.isNaN(value) ? "nan" : "inf";
      return spec.number(negative, name, type == '%' ? "%" : "");
    }
    if (type == 0 && spec.precision() < 0) {
      return spec.number(negative, Floats.repr(magnitude), "");
    }
    if (type != 'f' && type != 'F' && type != '%') {
      throw Stop.unsupported("format type of a float other than f and %");
    }
    int precision = spec.precision() < 0 ? 6 : spec.precision();
    Floats.chargeExact(value, budget);
    budget.allocate(8L * precision);
    double scaled = type == '%' ? magnitude * 100 : magnitude;
    String digits =
        new BigDecimal(scaled).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
    return spec.number(negative, digits, type == '%' ? "%" : "");
  }
}
