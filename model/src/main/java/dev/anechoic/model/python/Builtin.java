package dev.anechoic.model.python;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Functions and modules that every program finds. */
enum Builtin {
  ABS("abs"),
  BOOL("bool"),
  FLOAT("float"),
  INT("int"),
  LEN("len"),
  LIST("list"),
  MAX("max"),
  MIN("min"),
  POW("pow"),
  PRINT("print"),
  RANGE("range"),
  ROUND("round"),
  SORTED("sorted"),
  STR("str"),
  SUM("sum"),
  TUPLE("tuple"),
  MATH("math module"),
  CEIL("math.ceil"),
  FLOOR("math.floor"),
  SQRT("math.sqrt");

  private static final Map<String, Builtin> BY_NAME =
      Map.ofEntries(
          Map.entry("abs", ABS),
          Map.entry("bool", BOOL),
          Map.entry("float", FLOAT),
          Map.entry("int", INT),
          Map.entry("len", LEN),
          Map.entry("list", LIST),
          Map.entry("max", MAX),
          Map.entry("min", MIN),
          Map.entry("pow", POW),
          Map.entry("print", PRINT),
          Map.entry("range", RANGE),
          Map.entry("round", ROUND),
          Map.entry("sorted", SORTED),
          Map.entry("str", STR),
          Map.entry("sum", SUM),
          Map.entry("tuple", TUPLE));

  /** Other names that Python defines: a program that uses one is unsupported, not wrong. */
  private static final java.util.Set<String> UNSUPPORTED =
      java.util.Set.of(
          "all",
          "any",
          "ascii",
          "bin",
          "bytes",
          "chr",
          "complex",
          "dict",
          "divmod",
          "enumerate",
          "eval",
          "exec",
          "filter",
          "format",
          "frozenset",
          "getattr",
          "globals",
          "hash",
          "hex",
          "id",
          "input",
          "isinstance",
          "iter",
          "locals",
          "map",
          "next",
          "object",
          "oct",
          "open",
          "ord",
          "repr",
          "reversed",
          "set",
          "setattr",
          "slice",
          "type",
          "vars",
          "zip",
          "ValueError",
          "Exception",
          "TypeError",
          "ZeroDivisionError",
          "__name__",
          "__import__");

  final String shown;

  Builtin(String shown) {
    this.shown = shown;
  }

  static @Nullable Builtin of(String name) {
    Builtin builtin = BY_NAME.get(name);
    if (builtin == null && UNSUPPORTED.contains(name)) {
      throw Stop.unsupported(name);
    }
    return builtin;
  }

  /** A member of the module {@code math}. */
  static Object mathMember(String name) {
    return switch (name) {
      case "ceil" -> CEIL;
      case "floor" -> FLOOR;
      case "sqrt" -> SQRT;
      case "pi" -> Math.PI;
      default -> throw Stop.unsupported("math." + name);
    };
  }
}
