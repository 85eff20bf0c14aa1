package dev.anechoic.kernels.cuda;

/** What a driver call answered, in words. The device adds which kernel, grid and shapes. */
public final class DriverException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  public DriverException(String reason) {
    super(reason);
    this.reason = reason;
  }

  /** What went wrong, in one sentence or with the compiler's words. */
  public String reason() {
    return reason;
  }
}
