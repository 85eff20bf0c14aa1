package dev.anechoic.tensor;

/**
 * The one exception of the engine. Its message names the operation, the operands with their shapes,
 * and the remedy.
 */
public final class TensorException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** Operand shapes do not fit each other or the operation. */
    SHAPE,
    /** An operand has the wrong element type. */
    DTYPE,
    /** An index (token id, row, position) lies outside its range. */
    INDEX,
    /** A tensor is used after its arena was reset or closed. */
    CLOSED,
    /** An arena or the device has no room. */
    MEMORY,
    /** A value is NaN or infinite where the policy forbids it. */
    NOT_FINITE,
    /** The backend or device cannot do what was asked. */
    BACKEND
  }

  private final Kind kind;

  /**
   * @param kind what went wrong
   * @param what operation and operands, with shapes
   * @param remedy what is expected, and what to change
   */
  public TensorException(Kind kind, String what, String remedy) {
    super(what + ": " + remedy);
    this.kind = kind;
  }

  /** As above, with the failure that led to it. */
  public TensorException(Kind kind, String what, String remedy, Throwable cause) {
    super(what + ": " + remedy, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
