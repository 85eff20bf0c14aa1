package dev.anechoic.model.python;

import dev.anechoic.model.python.Sequence.PyList;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/** What the built-in functions and the methods of lists do. */
final class Calls {

  private final Budget budget;

  Calls(Budget budget) {
    this.budget = budget;
  }

  Object call(Builtin function, List<Object> arguments) {
    return switch (function) {
      case ABS -> abs(only(function, arguments));
      case BOOL -> !arguments.isEmpty() && Values.truth(only(function, arguments));
      case FLOAT -> arguments.isEmpty() ? (Object) 0.0 : toFloat(only(function, arguments));
      case INT -> arguments.isEmpty() ? (Object) 0L : toInt(only(function, arguments));
      case LEN -> length(only(function, arguments));
      case LIST -> new PyList(arguments.isEmpty() ? new ArrayList<>() : items(arguments));
      case TUPLE ->
          new Sequence.PyTuple(arguments.isEmpty() ? new ArrayList<>() : items(arguments));
      case MAX -> extreme(function, arguments, ">");
      case MIN -> extreme(function, arguments, "<");
      case POW -> {
        arity(function, arguments, 2, 2);
        yield Values.binary(Operator.POWER, arguments.get(0), arguments.get(1), budget);
      }
      case RANGE -> range(arguments);
      case ROUND -> round(arguments);
      case SORTED -> sorted(items(arguments));
      case STR -> arguments.isEmpty() ? "" : Text.str(only(function, arguments), budget);
      case SUM -> sum(arguments);
      case CEIL -> rounded(only(function, arguments), RoundingMode.CEILING);
      case FLOOR -> rounded(only(function, arguments), RoundingMode.FLOOR);
      case SQRT -> squareRoot(only(function, arguments));
      case PRINT -> None.NONE;
      case MATH -> throw Stop.typeError("'module' object is not callable");
    };
  }

  private static void arity(Builtin function, List<Object> arguments, int least, int most) {
    if (arguments.size() < least || arguments.size() > most) {
      throw Stop.typeError(function.shown + "() got " + arguments.size() + " arguments");
    }
  }

  private static Object only(Builtin function, List<Object> arguments) {
    if (arguments.size() == 2 && (function == Builtin.INT || function == Builtin.STR)) {
      throw Stop.unsupported(function.shown + " with two arguments");
    }
    arity(function, arguments, 1, 1);
    return arguments.getFirst();
  }

  private Object abs(Object value) {
    return switch (Values.plain(value)) {
      case Long i when i != Long.MIN_VALUE -> Math.abs(i);
      case Long i -> Ints.big(i).abs();
      case BigInteger i -> {
        budget.integer(i.bitLength());
        yield i.abs();
      }
      case Double d -> Math.abs(d);
      default -> throw Stop.typeError("bad operand type for abs(): " + Values.typeName(value));
    };
  }

  private Object toFloat(Object value) {
    if (Values.isNumber(value)) {
      return Values.toDouble(value);
    }
    if (!(value instanceof String text)) {
      throw Stop.typeError("float() argument must be a string or a real number");
    }
    budget.text(text.length());
    String stripped = text.strip();
    if (!stripped.matches(
        "[+-]?(\\d+(_\\d+)*\\.?(\\d+(_\\d+)*)?|\\.\\d+(_\\d+)*)([eE][+-]?\\d+)?")) {
      if (stripped.matches("(?i)[+-]?(inf(inity)?|nan)")) {
        throw Stop.unsupported("float('" + stripped + "')");
      }
      throw Stop.valueError("could not convert string to float");
    }
    budget.work(stripped.length());
    return Double.valueOf(stripped.replace("_", ""));
  }

  private Object toInt(Object value) {
    if (value instanceof Double d) {
      return Floats.toInteger(d);
    }
    if (Values.isInteger(value)) {
      return Values.plain(value);
    }
    if (!(value instanceof String text)) {
      throw Stop.typeError("int() argument must be a string or a real number");
    }
    budget.text(text.length());
    String stripped = text.strip();
    if (!stripped.matches("[+-]?\\d+(_\\d+)*")) {
      throw Stop.valueError("invalid literal for int() with base 10");
    }
    budget.integer(stripped.length() * 4L);
    budget.work((long) stripped.length() * stripped.length() / 64);
    return Ints.of(new BigInteger(stripped.replace("_", "")));
  }

  private Object length(Object value) {
    return switch (value) {
      case String s -> (long) s.length();
      case Sequence s -> (long) s.items().size();
      case Range r -> r.size();
      default ->
          throw Stop.typeError("object of type '" + Values.typeName(value) + "' has no len()");
    };
  }

  private ArrayList<Object> items(List<Object> arguments) {
    arity(Builtin.LIST, arguments, 1, 1);
    return items(arguments.getFirst());
  }

  /** A new list of what iterating over the value gives. */
  ArrayList<Object> items(Object iterable) {
    switch (iterable) {
      case Sequence s -> {
        budget.list(s.items().size());
        return new ArrayList<>(s.items());
      }
      case Range r -> {
        budget.work(r.size());
        budget.list(r.size() * 4);
        ArrayList<Object> items = new ArrayList<>((int) r.size());
        for (long i = 0; i < r.size(); i++) {
          items.add(r.at(i));
        }
        return items;
      }
      case String s -> {
        budget.work(s.length());
        budget.list(s.length() * 8L);
        ArrayList<Object> items = new ArrayList<>(s.length());
        for (int i = 0; i < s.length(); i++) {
          items.add(String.valueOf(s.charAt(i)));
        }
        return items;
      }
      default -> throw Stop.typeError("'" + Values.typeName(iterable) + "' object is not iterable");
    }
  }

  private Object extreme(Builtin function, List<Object> arguments, String better) {
    if (arguments.isEmpty()) {
      throw Stop.typeError(function.shown + " expected at least 1 argument, got 0");
    }
    List<Object> items = arguments.size() == 1 ? items(arguments.getFirst()) : arguments;
    if (items.isEmpty()) {
      throw Stop.valueError(function.shown + "() arg is an empty sequence");
    }
    Object best = items.getFirst();
    for (int i = 1; i < items.size(); i++) {
      budget.step();
      if (Values.ordered(better, items.get(i), best, budget)) {
        best = items.get(i);
      }
    }
    return best;
  }

  private Object sum(List<Object> arguments) {
    arity(Builtin.SUM, arguments, 1, 2);
    Object total = arguments.size() > 1 ? arguments.get(1) : (Object) 0L;
    if (total instanceof String) {
      throw Stop.typeError("sum() can't sum strings");
    }
    for (Object item : items(arguments.getFirst())) {
      budget.step();
      total = Values.binary(Operator.ADD, total, item, budget);
    }
    return total;
  }

  private static Object range(List<Object> arguments) {
    arity(Builtin.RANGE, arguments, 1, 3);
    long first = bound(arguments.getFirst());
    if (arguments.size() == 1) {
      return Range.of(0, first, 1);
    }
    long step = arguments.size() == 3 ? bound(arguments.get(2)) : 1;
    return Range.of(first, bound(arguments.get(1)), step);
  }

  private static long bound(Object value) {
    if (value instanceof BigInteger) {
      throw Stop.overBudget("integer size");
    }
    return Values.index(value);
  }

  private Object round(List<Object> arguments) {
    arity(Builtin.ROUND, arguments, 1, 2);
    Object value = Values.plain(arguments.getFirst());
    boolean whole = arguments.size() == 1 || arguments.get(1) == None.NONE;
    if (value instanceof Double d) {
      if (whole) {
        return Floats.toInteger(Math.rint(d));
      }
      long digits = Values.index(arguments.get(1));
      return Floats.round(d, Math.clamp(digits, -1000, 1000), budget);
    }
    if (!Values.isInteger(value)) {
      throw Stop.typeError("type " + Values.typeName(value) + " doesn't define __round__ method");
    }
    long digits = whole ? 0 : Values.index(arguments.get(1));
    return digits >= 0 ? value : roundToPowerOfTen(value, -digits);
  }

  private Object roundToPowerOfTen(Object value, long zeros) {
    BigInteger integer = Ints.big(value);
    if (zeros > integer.bitLength()) {
      return 0L;
    }
    budget.integer(4 * zeros);
    budget.product(integer, integer);
    BigDecimal rounded = new BigDecimal(integer).setScale((int) -zeros, RoundingMode.HALF_EVEN);
    return Ints.of(rounded.toBigIntegerExact());
  }

  private Object rounded(Object value, RoundingMode mode) {
    Object plain = Values.plain(value);
    if (plain instanceof Double d) {
      return Floats.toInteger(mode == RoundingMode.CEILING ? Math.ceil(d) : Math.floor(d));
    }
    if (!Values.isInteger(plain)) {
      throw Stop.typeError("must be real number, not " + Values.typeName(value));
    }
    return plain;
  }

  private static Object squareRoot(Object value) {
    if (!Values.isNumber(value)) {
      throw Stop.typeError("must be real number, not " + Values.typeName(value));
    }
    double number = Values.toDouble(value);
    if (number < 0) {
      throw Stop.valueError("math domain error");
    }
    return Math.sqrt(number);
  }

  /** A stable sort by binary insertion: few comparisons, each of them charged. */
  private PyList sorted(ArrayList<Object> items) {
    ArrayList<Object> sorted = new ArrayList<>(items.size());
    for (Object item : items) {
      int low = 0;
      int high = sorted.size();
      while (low < high) {
        budget.step();
        int middle = (low + high) >>> 1;
        if (Values.ordered("<", item, sorted.get(middle), budget)) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      budget.work((sorted.size() - low) >> 4);
      sorted.add(low, item);
    }
    return new PyList(sorted);
  }

  /** A method of a list; others are not supported. */
  Object method(Object target, String name, List<Object> arguments) {
    if (!(target instanceof PyList list)) {
      throw Stop.unsupported("method " + name + " of " + Values.typeName(target));
    }
    ArrayList<Object> items = list.items();
    switch (name) {
      case "append" -> {
        arity(Builtin.LIST, arguments, 1, 1);
        budget.allocate(8);
        items.add(arguments.getFirst());
      }
      case "extend" -> {
        ArrayList<Object> more = items(arguments);
        budget.list(2L * more.size() + items.size());
        items.addAll(more);
      }
      case "sort" -> {
        arity(Builtin.LIST, arguments, 0, 0);
        ArrayList<Object> sorted = sorted(items).items();
        items.clear();
        items.addAll(sorted);
      }
      case "pop" -> {
        arity(Builtin.LIST, arguments, 0, 1);
        long at = arguments.isEmpty() ? -1 : Values.index(arguments.getFirst());
        budget.work(items.size() >> 4);
        return items.remove(position(at, items.size(), "pop index out of range"));
      }
      case "count" -> {
        arity(Builtin.LIST, arguments, 1, 1);
        long count = 0;
        for (Object item : items) {
          count += Values.equal(item, arguments.getFirst(), budget) ? 1 : 0;
        }
        return count;
      }
      default -> throw Stop.unsupported("method " + name + " of list");
    }
    return None.NONE;
  }

  /** The place of an index that may count from the end. */
  static int position(long index, int size, String message) {
    long place = index < 0 ? index + size : index;
    if (place < 0 || place >= size) {
      throw Stop.raise("IndexError", message);
    }
    return (int) place;
  }
}
