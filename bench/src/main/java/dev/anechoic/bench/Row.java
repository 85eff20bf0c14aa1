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
 * @param shareOfPeak of the floating-point rate that the backend's matrix product reaches in the
 *     same run; NaN if not measured
 * @param allocatedBytes on the Java heap per step
 */
record Row(
    String name,
    String shape,
    double value,
    double best,
    String unit,
    double shareOfPeak,
    long allocatedBytes) {

  void print(PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%-8s %-52s %,10.0f %s (best %,.0f)  %.1f %% of peak  %,d bytes allocated per step%n",
        name,
        shape,
        value,
        unit,
        best,
        100 * shareOfPeak,
        allocatedBytes);
    out.flush();
  }

  private Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("shape", shape);
    map.put("value", value);
    map.put("best", best);
    map.put("unit", unit);
    map.put("share_of_peak", shareOfPeak);
    map.put("allocated_bytes", allocatedBytes);
    return map;
  }

  /** Writes rows to a file, if one was named. */
  static void write(@Nullable Path file, List<Row> rows) {
    if (file != null) {
      Json.write(file, rows.stream().map(Row::toMap).toList());
    }
  }
}
