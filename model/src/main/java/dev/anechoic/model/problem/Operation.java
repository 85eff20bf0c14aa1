package dev.anechoic.model.problem;

import java.math.BigDecimal;
import java.math.MathContext;

/** An operation of arithmetic on decimal numbers. */
public enum Operation {
  ADD("+", 1),
  SUBTRACT("-", 1),
  MULTIPLY("*", 2),
  DIVIDE("/", 2);

  private final String symbol;
  private final int precedence;

  Operation(String symbol, int precedence) {
    this.symbol = symbol;
    this.precedence = precedence;
  }

  public String symbol() {
    return symbol;
  }

  int precedence() {
    return precedence;
  }

  /**
   * The result, to 16 digits.
   *
   * @throws ArithmeticException if it divides by zero
   */
  public BigDecimal apply(BigDecimal left, BigDecimal right) {
    return switch (this) {
      case ADD -> left.add(right);
      case SUBTRACT -> left.subtract(right);
      case MULTIPLY -> left.multiply(right);
      case DIVIDE -> left.divide(right, MathContext.DECIMAL64);
    };
  }
}
