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
 * @param flops floating-point operations per step; NaN where none are counted
 * @param shareOfPeak of the floating-point rate that the backend's matrix product reaches in the
 *     same run; NaN if not measured
 * @param allocatedBytes on the Java heap per step; -1 if not measured
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

  void print(PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%-14s %-52s %,10.0f %s (best %,.0f)  %s%s%n",
        name,
        shape,
        value,
        unit,
        best,
        work(),
        allocatedBytes < 0
            ? ""
            : String.format(Locale.ROOT, "  %,d bytes allocated per step", allocatedBytes));
    out.flush();
  }

  private String work() {
    return Double.isNaN(flops)
        ? "no operations counted"
        : String.format(
            Locale.ROOT, "%.1f GFLOP, %.1f %% of peak", flops * 1e-9, 100 * shareOfPeak);
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
      map.put("share_of_peak", shareOfPeak);
    }
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
