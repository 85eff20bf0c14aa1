package dev.anechoic.kernels.cuda;

/** What a driver call answered, in words. The device adds which kernel, grid and shapes. */
public final class DriverException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DriverException(String reason) {
    super(reason);
  }
}
