package dev.anechoic.model.python;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An expression of the program. */
sealed interface Expr {

  record Literal(Object value) implements Expr {}

  record Name(String id) implements Expr {}

  record Unary(char operator, Expr operand) implements Expr {}

  record Binary(Operator operator, Expr left, Expr right) implements Expr {}

  /** {@code first op[0] rest[0] op[1] rest[1] ...}, a chain that evaluates each operand once. */
  record Compare(Expr first, List<String> operators, List<Expr> rest) implements Expr {}

  /** {@code and} or {@code or}: gives the operand that decided. */
  record Logical(boolean and, List<Expr> operands) implements Expr {}

  record Conditional(Expr test, Expr yes, Expr no) implements Expr {}

  record Call(Expr callee, List<Expr> arguments, List<Keyword> keywords) implements Expr {}

  record Keyword(String name, Expr value) {}

  record Attribute(Expr target, String name) implements Expr {}

  record Index(Expr target, Expr index) implements Expr {}

  record Slice(Expr target, @Nullable Expr from, @Nullable Expr to, @Nullable Expr step)
      implements Expr {}

  record ListDisplay(List<Expr> elements) implements Expr {}

  record TupleDisplay(List<Expr> elements) implements Expr {}

  /** A list comprehension, or a generator expression, which is evaluated at once. */
  record Comprehension(Expr element, List<Clause> clauses) implements Expr {}

  /** {@code for target in iterable if tests...}. */
  record Clause(Expr target, Expr iterable, List<Expr> tests) {}

  record Formatted(List<Part> parts) implements Expr {}

  /** A piece of a formatted string: text, or a value with conversion and format specification. */
  record Part(String text, @Nullable Expr value, char conversion, @Nullable Formatted spec) {}
}
