package dev.anechoic.kernels.cuda;

/** What a driver call answered, in words. The device adds which kernel, grid and shapes. */
public final class DriverException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;
  private final int launch;

  public DriverException(String reason) {
    this(reason, -1);
  }

  /**
   * @param launch which one of a graph's launches failed, 0 for a single one; -1 where it is not
   *     known, or where the driver may be telling of an earlier one
   */
  public DriverException(String reason, int launch) {
    super(reason);
    this.reason = reason;
    this.launch = launch;
  }

  /** What went wrong, in one sentence or with the compiler's words. */
  public String reason() {
    return reason;
  }

  /** Which one of a graph's launches failed, 0 for a single one; or -1. */
  int launch() {
    return launch;
  }
}
