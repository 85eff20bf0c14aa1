package dev.anechoic.model.python;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A statement of the program. */
sealed interface Stmt {

  record Evaluate(Expr value) implements Stmt {}

  record Assign(List<Expr> targets, Expr value) implements Stmt {}

  record Augment(Expr target, Operator operator, Expr value) implements Stmt {}

  record If(List<Branch> branches, List<Stmt> otherwise) implements Stmt {}

  record Branch(Expr test, List<Stmt> body) {}

  record While(Expr test, List<Stmt> body, List<Stmt> otherwise) implements Stmt {}

  record For(Expr target, Expr iterable, List<Stmt> body, List<Stmt> otherwise) implements Stmt {}

  record Return(@Nullable Expr value) implements Stmt {}

  /** {@code assert test}. */
  record Assert(Expr test) implements Stmt {}

  /** {@code import module as name}, or {@code from module import member as name}. */
  record Import(String module, @Nullable String member, String name) implements Stmt {}

  /** A function definition; {@code locals} are the names that its body assigns. */
  record Define(
      String name, List<Parameter> parameters, List<Stmt> body, Set<String> locals, boolean returns)
      implements Stmt {

    /** Whether a call without arguments is possible. */
    boolean callableWithoutArguments() {
      return parameters.stream().allMatch(p -> p.defaultValue() != null);
    }
  }

  record Parameter(String name, @Nullable Expr defaultValue) {}

  enum Jump implements Stmt {
    BREAK,
    CONTINUE,
    PASS
  }
}
