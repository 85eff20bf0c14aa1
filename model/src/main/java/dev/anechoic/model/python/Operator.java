package dev.anechoic.model.python;

import org.jspecify.annotations.Nullable;

/** A binary operator of arithmetic. Higher precedence binds tighter. */
enum Operator {
  ADD("+", 1),
  SUBTRACT("-", 1),
  MULTIPLY("*", 2),
  DIVIDE("/", 2),
  FLOOR_DIVIDE("//", 2),
  MODULO("%", 2),
  POWER("**", 4);

  final String symbol;
  final int precedence;

  Operator(String symbol, int precedence) {
    this.symbol = symbol;
    this.precedence = precedence;
  }

  static @Nullable Operator of(String symbol) {
    return switch (symbol) {
      case "+" -> ADD;
      case "-" -> SUBTRACT;
      case "*" -> MULTIPLY;
      case "/" -> DIVIDE;
      case "//" -> FLOOR_DIVIDE;
      case "%" -> MODULO;
      case "**" -> POWER;
      default -> null;
    };
  }
}
