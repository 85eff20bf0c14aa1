package dev.anechoic.bench;

import dev.anechoic.model.io.Json;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A measurement.
 *
 * @param name what was measured
 * @param shape on which sizes
 * @param value median of the rounds
 * @param best best of the rounds
 * @param unit of both
 * @param flops floating-point operations per call or step; NaN where none are counted
 * @param shareOfPeak of a ceiling measured in the same run: the machine's for an op, the backend's
 *     best matrix product for a model; NaN if there is none
 * @param allocatedBytes on the Java heap per call or step; -1 if not measured
 */
record Row(
    String name,
    String shape,
    double value,
    double best,
    String unit,
    double flops,
    double shareOfPeak,
    long allocatedBytes) {

  /** A measurement whose operations are not counted. */
  Row(
      String name,
      String shape,
      double value,
      double best,
      String unit,
      double shareOfPeak,
      long allocatedBytes) {
    this(name, shape, value, best, unit, Double.NaN, shareOfPeak, allocatedBytes);
  }

  void print(PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%-20s %-52s %s %s (best %s)%s%s%s%n",
        name,
        shape,
        number(value),
        unit,
        number(best),
        Double.isNaN(flops) ? "" : String.format(Locale.ROOT, "  %.1f GFLOP", flops * 1e-9),
        Double.isNaN(shareOfPeak)
            ? ""
            : String.format(Locale.ROOT, "  %.1f %% of peak", 100 * shareOfPeak),
        allocatedBytes < 0
            ? ""
            : String.format(Locale.ROOT, "  %,d bytes allocated", allocatedBytes));
    out.flush();
  }

  /** Four digits that matter for a rate per second, one behind the point for a small one. */
  private static String number(double value) {
    return String.format(Locale.ROOT, value < 1000 ? "%,10.1f" : "%,10.0f", value).strip();
  }

  private Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("shape", shape);
    map.put("value", value);
    map.put("best", best);
    map.put("unit", unit);
    if (!Double.isNaN(flops)) {
      map.put("flops", flops);
    }
    map.put("share_of_peak", shareOfPeak);
    if (allocatedBytes >= 0) {
      map.put("allocated_bytes", allocatedBytes);
    }
    return map;
  }

  /** Writes rows to a file, if one was named. */
  static void write(@Nullable Path file, List<Row> rows) {
    if (file != null) {
      Json.write(file, rows.stream().map(Row::toMap).toList());
    }
  }
}
