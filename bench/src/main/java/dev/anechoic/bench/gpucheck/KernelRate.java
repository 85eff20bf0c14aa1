package dev.anechoic.bench.gpucheck;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One line of the benchmark table.
 *
 * @param kernel name and shape
 * @param nanos of one call, the best of several rounds
 * @param amount FLOPs or bytes of one call
 * @param unit what the amount counts
 * @param ceiling the measured rate of the device in the same unit per second
 * @param ofCublas rate over that of cuBLAS on the same product, or NaN
 */
record KernelRate(
    String kernel, double nanos, double amount, Unit unit, double ceiling, double ofCublas) {
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

  /** Share of the ceiling. */
  double share() {
    return perSecond() / ceiling;
  }

  Map<String, Object> toMap() {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("kernel", kernel);
    row.put("nanos", nanos);
    row.put("rate", perSecond() / unit.scale);
    row.put("unit", unit.rate);
    row.put("share_of_ceiling", share());
    if (!Double.isNaN(ofCublas)) {
      row.put("share_of_cublas", ofCublas);
    }
    return row;
  }

  String[] cells() {
    return new String[] {
      kernel,
      "%,.1f us".formatted(nanos / 1e3),
      "%.3g %s".formatted(perSecond() / unit.scale, unit.rate),
      percent(share()),
      Double.isNaN(ofCublas) ? "" : percent(ofCublas)
    };
  }

  private static String percent(double share) {
    return "%.0f %%".formatted(100 * share);
  }
}
