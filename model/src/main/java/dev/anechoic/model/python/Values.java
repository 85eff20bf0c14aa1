package dev.anechoic.model.python;

import java.math.BigInteger;
import java.util.ArrayList;

/** Operators on values of any type. */
final class Values {

  private static final int DEEPEST_COMPARISON = 50;

  private Values() {}

  static boolean isInteger(Object value) {
    return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
  }

  static boolean isNumber(Object value) {
    return value instanceof Double || isInteger(value);
  }

  /** A Boolean as the integer that it is; other values unchanged. */
  static Object plain(Object value) {
    return value instanceof Boolean b ? (Object) (b ? 1L : 0L) : value;
  }

  static double toDouble(Object number) {
    return number instanceof Double d ? d : Ints.toDouble(plain(number));
  }

  /** An integer that must fit a long, such as an index. */
  static long index(Object value) {
    Object plain = plain(value);
    if (plain instanceof Long i) {
      return i;
    }
    if (plain instanceof BigInteger) {
      throw Stop.raise("IndexError", "cannot fit 'int' into an index-sized integer");
    }
    throw Stop.typeError(typeName(value) + " cannot be interpreted as an integer");
  }

  static boolean truth(Object value) {
    return switch (value) {
      case Boolean b -> b;
      case Long i -> i != 0;
      case Double d -> d != 0;
      case String s -> !s.isEmpty();
      case None _ -> false;
      case Sequence s -> !s.items().isEmpty();
      case Range r -> r.size() > 0;
      default -> true;
    };
  }

  static Object binary(Operator operator, Object left, Object right, Budget budget) {
    Object a = plain(left);
    Object b = plain(right);
    if (a instanceof Double || b instanceof Double) {
      if (isNumber(a) && isNumber(b)) {
        return Floats.apply(operator, toDouble(a), toDouble(b));
      }
    } else if (isNumber(a) && isNumber(b)) {
      return Ints.apply(operator, a, b, budget);
    } else if (operator == Operator.ADD) {
      return concatenate(a, b, budget);
    } else if (operator == Operator.MULTIPLY) {
      return isInteger(a) ? repeat(b, a, budget) : repeat(a, b, budget);
    } else if (operator == Operator.MODULO && a instanceof String) {
      throw Stop.unsupported("text formatting with %");
    }
    throw unsupportedOperands(operator.symbol, left, right);
  }

  private static Stop unsupportedOperands(String operator, Object a, Object b) {
    return Stop.typeError(
        "unsupported operand type(s) for %s: '%s' and '%s'"
            .formatted(operator, typeName(a), typeName(b)));
  }

  private static Object concatenate(Object a, Object b, Budget budget) {
    if (a instanceof String x && b instanceof String y) {
      budget.text((long) x.length() + y.length());
      return x + y;
    }
    if (a instanceof Sequence x && b instanceof Sequence y && x.getClass() == y.getClass()) {
      budget.list((long) x.items().size() + y.items().size());
      ArrayList<Object> items = new ArrayList<>(x.items().size() + y.items().size());
      items.addAll(x.items());
      items.addAll(y.items());
      return sameKind(x, items);
    }
    throw unsupportedOperands("+", a, b);
  }

  private static Object repeat(Object value, Object times, Budget budget) {
    if (!isInteger(times) || !(value instanceof String || value instanceof Sequence)) {
      throw unsupportedOperands("*", value, times);
    }
    if (times instanceof BigInteger) {
      throw Stop.overBudget("memory");
    }
    long count = Math.max(0, (Long) plain(times));
    if (value instanceof String text) {
      budget.text(size(text.length(), count));
      return text.repeat((int) count);
    }
    Sequence sequence = (Sequence) value;
    long size = size(sequence.items().size(), count);
    budget.list(size);
    ArrayList<Object> items = new ArrayList<>((int) size);
    for (long i = 0; i < size; i += sequence.items().size()) {
      items.addAll(sequence.items());
    }
    return sameKind(sequence, items);
  }

  private static long size(long length, long count) {
    if (length > 0 && count > Integer.MAX_VALUE / length) {
      throw Stop.overBudget("memory");
    }
    return length * count;
  }

  static Sequence sameKind(Sequence like, ArrayList<Object> items) {
    return like instanceof Sequence.PyList
        ? new Sequence.PyList(items)
        : new Sequence.PyTuple(items);
  }

  static boolean equal(Object a, Object b, Budget budget) {
    return equal(plain(a), plain(b), budget, 0);
  }

  private static boolean equal(Object a, Object b, Budget budget, int depth) {
    budget.step();
    if (isNumber(a) && isNumber(b)) {
      return isComparable(a, b) && compareNumbers(a, b) == 0;
    }
    if (a instanceof String x && b instanceof String y) {
      budget.work(Math.min(x.length(), y.length()) >> 5);
      return x.equals(y);
    }
    if (a instanceof Sequence x && b instanceof Sequence y) {
      return x.getClass() == y.getClass() && equalItems(x, y, budget, depth);
    }
    return a == b || a instanceof Range x && x.equals(b);
  }

  private static boolean equalItems(Sequence x, Sequence y, Budget budget, int depth) {
    if (depth > DEEPEST_COMPARISON) {
      throw Stop.overBudget("recursion");
    }
    if (x.items().size() != y.items().size()) {
      return false;
    }
    for (int i = 0; i < x.items().size(); i++) {
      Object a = x.items().get(i);
      Object b = y.items().get(i);
      if (a != b && !equal(plain(a), plain(b), budget, depth + 1)) {
        return false;
      }
    }
    return true;
  }

  /** Whether neither number is NaN, which compares as false with everything. */
  private static boolean isComparable(Object a, Object b) {
    return !(a instanceof Double x && Double.isNaN(x))
        && !(b instanceof Double y && Double.isNaN(y));
  }

  private static int compareNumbers(Object a, Object b) {
    if (a instanceof Long x && b instanceof Long y) {
      return Long.compare(x, y);
    }
    if (a instanceof Double x && b instanceof Double y) {
      return x < y ? -1 : x > y ? 1 : 0;
    }
    if (a instanceof Double x) {
      return -Floats.compare(b, x);
    }
    if (b instanceof Double y) {
      return Floats.compare(a, y);
    }
    return Ints.big(a).compareTo(Ints.big(b));
  }

  /** One of {@code < <= > >=}. */
  static boolean ordered(String operator, Object left, Object right, Budget budget) {
    Object a = plain(left);
    Object b = plain(right);
    int order;
    if (isNumber(a) && isNumber(b)) {
      if (!isComparable(a, b)) {
        return false;
      }
      order = compareNumbers(a, b);
    } else if (a instanceof String x && b instanceof String y) {
      budget.work(Math.min(x.length(), y.length()) >> 5);
      order = x.compareTo(y);
    } else if (a instanceof Sequence x && b instanceof Sequence y && x.getClass() == y.getClass()) {
      return orderedItems(operator, x, y, budget);
    } else {
      throw Stop.typeError(
          "'%s' not supported between instances of '%s' and '%s'"
              .formatted(operator, typeName(left), typeName(right)));
    }
    return holds(operator, order);
  }

  private static boolean orderedItems(String operator, Sequence x, Sequence y, Budget budget) {
    int common = Math.min(x.items().size(), y.items().size());
    for (int i = 0; i < common; i++) {
      if (!equal(x.items().get(i), y.items().get(i), budget)) {
        budget.enter(1);
        boolean result = ordered(operator, x.items().get(i), y.items().get(i), budget);
        budget.leave(1);
        return result;
      }
    }
    return holds(operator, Integer.compare(x.items().size(), y.items().size()));
  }

  private static boolean holds(String operator, int order) {
    return switch (operator) {
      case "<" -> order < 0;
      case "<=" -> order <= 0;
      case ">" -> order > 0;
      default -> order >= 0;
    };
  }

  static boolean contains(Object container, Object item, Budget budget) {
    switch (container) {
      case String text -> {
        if (!(item instanceof String part)) {
          throw Stop.typeError("'in <string>' requires string as left operand");
        }
        budget.work((long) text.length() * Math.max(1, part.length()) >> 5);
        return text.contains(part);
      }
      case Sequence sequence -> {
        for (Object element : sequence.items()) {
          if (element == item || equal(element, item, budget)) {
            return true;
          }
        }
        return false;
      }
      case Range range when isInteger(item) -> {
        if (!(plain(item) instanceof Long value) || range.size() == 0) {
          return false;
        }
        BigInteger distance = BigInteger.valueOf(value).subtract(BigInteger.valueOf(range.start()));
        BigInteger[] at = distance.divideAndRemainder(BigInteger.valueOf(range.step()));
        return at[1].signum() == 0
            && at[0].signum() >= 0
            && at[0].compareTo(BigInteger.valueOf(range.size())) < 0;
      }
      case Range _ -> throw Stop.unsupported("'in' of a range and a value that is no integer");
      default ->
          throw Stop.typeError("argument of type '" + typeName(container) + "' is not iterable");
    }
  }

  static String typeName(Object value) {
    return switch (value) {
      case Boolean _ -> "bool";
      case Long _, BigInteger _ -> "int";
      case Double _ -> "float";
      case String _ -> "str";
      case None _ -> "NoneType";
      case Sequence.PyList _ -> "list";
      case Sequence.PyTuple _ -> "tuple";
      case Range _ -> "range";
      case Function _ -> "function";
      default -> "builtin_function_or_method";
    };
  }
}
