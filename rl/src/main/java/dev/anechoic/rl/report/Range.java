package dev.anechoic.rl.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The range of an axis.
 *
 * @param low lower end
 * @param high upper end
 */
record Range(double low, double high) {
  static final Range SHARE = new Range(0, 1);

  /** An empty range, such as the steps of a run of one step, is widened by one. */
  Range {
    high = high > low ? high : low + 1;
  }

  /** The range that covers all finite values and, where {@code zero}, 0; widened to round ends. */
  static Range covering(Collection<double[]> columns, boolean zero) {
    double low = zero ? 0 : Double.POSITIVE_INFINITY;
    double high = zero ? 0 : Double.NEGATIVE_INFINITY;
    for (double[] column : columns) {
      for (double value : column) {
        if (Double.isFinite(value)) {
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
    }
    if (!(low <= high)) {
      return SHARE;
    }
    if (low == high) {
      double pad = low == 0 ? 1 : Math.abs(low) / 2;
      return new Range(low == 0 ? 0 : low - pad, high + pad);
    }
    double step = step(high - low, 4);
    return new Range(Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step);
  }

  /** Round values inside the range, about as many as wanted. */
  List<Double> ticks(int wanted) {
    if (!(high > low)) {
      return List.of(low); // one step only: an axis without extent
    }
    double step = step(high - low, wanted);
    List<Double> ticks = new ArrayList<>();
    long last = Math.round(Math.floor(high / step + 1e-9));
    for (long i = Math.round(Math.ceil(low / step - 1e-9)); i <= last; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  /** A step of 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels"). */
  private static double step(double span, int wanted) {
    double raw = span / wanted;
    double power = Math.pow(10, Math.floor(Math.log10(raw)));
    double lead = raw / power;
    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
  }
}
