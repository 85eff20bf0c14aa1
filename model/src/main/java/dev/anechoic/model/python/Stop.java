package dev.anechoic.model.python;

/** Ends a run with an outcome other than a value. Has no stack trace: it is not a fault of ours. */
final class Stop extends RuntimeException {

  final transient Outcome outcome;

  private Stop(Outcome outcome) {
    super(null, null, false, false);
    this.outcome = outcome;
  }

  static Stop syntax(String reason, int line, boolean atEnd) {
    return new Stop(new Outcome.Unparsable(reason, line, atEnd));
  }

  static Stop unsupported(String what) {
    return new Stop(new Outcome.Unparsable("not supported: " + what, 0, false));
  }

  static Stop overBudget(String limit) {
    return new Stop(new Outcome.OverBudget(limit));
  }

  static Stop raise(String error, String message) {
    return new Stop(new Outcome.Raised(error, message));
  }

  static Stop typeError(String message) {
    return raise("TypeError", message);
  }

  static Stop valueError(String message) {
    return raise("ValueError", message);
  }
}
