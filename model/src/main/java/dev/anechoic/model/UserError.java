package dev.anechoic.model;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A mistake that the user can mend: a wrong flag, an unreadable file, a configuration that does not
 * add up. The command line prints it as one message without a stack trace and exits with code 2.
 *
 * <p>It says what is wrong, where, what was expected against what was got, and how to mend it. Only
 * {@code what} and {@code remedy} are mandatory; {@link Builder#remedy} comes last and makes the
 * exception, so that no error leaves without one:
 *
 * <pre>{@code
 * throw UserError.what("Unknown key 'learning_rte'")
 *     .where("configs/demo.toml, line 7")
 *     .expected("one of: learning_rate, weight_decay")
 *     .remedy("Write learning_rate instead.");
 * }</pre>
 */
public final class UserError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private UserError(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }

  /** Starts an error with one sentence, without a full stop, that says what is wrong. */
  public static Builder what(String what) {
    return new Builder(what);
  }

  /** Collects the parts of a {@link UserError}; each part is optional until {@link #remedy}. */
  public static final class Builder {
    private final String what;
    private @Nullable String where;
    private @Nullable String expected;
    private @Nullable String got;
    private @Nullable Throwable cause;

    private Builder(String what) {
      this.what = what;
    }

    /** The file and line, the flag, or the key that holds the mistake. */
    public Builder where(Object where) {
      this.where = where.toString();
      return this;
    }

    /** What would have been right. */
    public Builder expected(Object expected) {
      this.expected = expected.toString();
      return this;
    }

    /** What was found instead. */
    public Builder got(Object got) {
      this.got = got.toString();
      return this;
    }

    /** The exception behind this error; shown only to a developer. */
    public Builder cause(Throwable cause) {
      this.cause = cause;
      return this;
    }

    /** Says how to mend it and makes the exception. */
    public UserError remedy(String remedy) {
      StringBuilder message = new StringBuilder(what);
      appendLine(message, "where", where);
      appendLine(message, "expected", expected);
      appendLine(message, "got", got);
      appendLine(message, "remedy", remedy);
      return new UserError(message.toString(), cause);
    }

    private static void appendLine(StringBuilder message, String label, @Nullable String text) {
      if (text != null) {
        message.append(String.format("%n  %-9s %s", label + ":", text));
      }
    }
  }
}
