package dev.anechoic.model.python;

import java.util.List;

/**
 * Runs programs in the supported part of Python.
 *
 * <p>Every method is a pure function of its arguments and safe to call from several threads. None
 * throws for anything a program does; see {@link Outcome}.
 */
public final class Python {

  private Python() {}

  /**
   * Runs the source as a module and gives the value last shown: that of the last expression on a
   * line of its own outside functions, or the last argument of the last {@code print}. {@code None}
   * if there is none.
   */
  public static Outcome run(String source, Limits limits) {
    return guarded(() -> {
      Budget budget = new Budget(limits);
      List<Stmt> body = Parser.parse(source, budget);
      Evaluator evaluator = new Evaluator(budget);
      evaluator.runModule(body);
      Object shown = evaluator.shown();
      return new Outcome.Value(shown == null ? None.NONE : shown);
    });
  }

  /**
   * Runs the source as a module and then calls the first of its functions that can be called
   * without arguments.
   */
  public static Outcome callFunction(String source, Limits limits) {
    return guarded(() -> {
      Budget budget = new Budget(limits);
      List<Stmt> body = Parser.parse(source, budget);
      for (Stmt statement : body) {
        if (statement instanceof Stmt.Define define && define.callableWithoutArguments()) {
          Evaluator evaluator = new Evaluator(budget);
          evaluator.runModule(body);
          return new Outcome.Value(evaluator.callByName(define.name()));
        }
      }
      return new Outcome.Unparsable("no function that can be called without arguments", 1, true);
    });
  }

  /**
   * Reads the source as a module without running it.
   *
   * @return {@link Outcome.Value} if it parses, {@link Outcome.Unparsable} or {@link
   *     Outcome.OverBudget} if not
   */
  public static Outcome check(String source, Limits limits) {
    return guarded(() -> {
      Parser.parse(source, new Budget(limits));
      return new Outcome.Value(true);
    });
  }

  /**
   * Reads the source as definitions of functions without running it: imports, functions, and calls,
   * but no other statement outside a function.
   *
   * @return {@link Outcome.Value} if it parses, has a function, and each function returns a value
   *     somewhere; {@link Outcome.Unparsable} or {@link Outcome.OverBudget} if not
   */
  public static Outcome checkFunctions(String source, Limits limits) {
    return guarded(() -> {
      boolean defines = false;
      List<Stmt> body = Parser.parse(source, new Budget(limits));
      for (Stmt statement : body) {
        boolean last = statement == body.getLast();
        switch (statement) {
          case Stmt.Define define when !define.returns() -> {
            return new Outcome.Unparsable("a function without a return", 0, last);
          }
          case Stmt.Define _ -> defines = true;
          case Stmt.Import _ -> {}
          case Stmt.Evaluate(Expr.Call _) -> {}
          default -> {
            return new Outcome.Unparsable("a statement outside a function", 0, false);
          }
        }
      }
      return defines ? new Outcome.Value(true) : new Outcome.Unparsable("no function", 0, true);
    });
  }

  private interface Run {
    Outcome run();
  }

  private static Outcome guarded(Run run) {
    try {
      return run.run();
    } catch (Stop stop) {
      return stop.outcome;
    } catch (RuntimeException | StackOverflowError fault) {
      return new Outcome.Internal(fault);
    }
  }
}
