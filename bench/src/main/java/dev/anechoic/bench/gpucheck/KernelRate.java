package dev.anechoic.bench.gpucheck;

/**
 * One line of the benchmark table.
 *
 * @param kernel name and shape
 * @param nanos of one call, the best of several rounds
 * @param amount FLOPs or bytes of one call
 * @param unit what the amount counts
 * @param ceiling the measured rate of the device in the same unit per second, or NaN where none was
 *     measured
 */
record KernelRate(String kernel, double nanos, double amount, Unit unit, double ceiling) {
  /** What bounds a kernel. */
  enum Unit {
    FLOPS("TFLOP/s", 1e12),
    BYTES("GB/s", 1e9);

    final String rate;
    final double scale;

    Unit(String rate, double scale) {
      this.rate = rate;
      this.scale = scale;
    }
  }

  /** FLOPs or bytes per second. */
  double perSecond() {
    return amount / nanos * 1e9;
  }

  /** Share of the ceiling, or NaN. */
  double share() {
    return perSecond() / ceiling;
  }
}
