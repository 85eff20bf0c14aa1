package dev.anechoic.bench.gpucheck;

import dev.anechoic.kernels.cuda.DriverException;
import dev.anechoic.kernels.cuda.DriverSymbols;
import dev.anechoic.tensor.Backend;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Part 1: what runs here, whether the driver has what JCuda imports, and the ceilings. */
final class Versions {
  private static final String DRIVER = "libcuda.so.1";

  private final Report report;

  Versions(Report report) {
    this.report = report;
  }

  void run(Backend backend, Ceilings ceilings) {
    Map<String, Object> versions = new LinkedHashMap<>();
    versions.put("backend", backend.description());
    versions.put("java", Runtime.version().toString());
    versions.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    versions.put("processors", Runtime.getRuntime().availableProcessors());
    report.section("Versions");
    versions.forEach((key, value) -> report.note(key + ": " + value));
    report.put("versions", versions);
    symbols();
    report.put("ceilings", ceilings.toMap());
    report.note("copy ceiling: %.4g GB/s".formatted(ceilings.copyBytesPerSecond() / 1e9));
    report.note(
        "matmul ceiling: %.4g TFLOP/s by %s"
            .formatted(ceilings.flopsPerSecond() / 1e12, ceilings.productBy()));
  }

  private void symbols() {
    try {
      List<String> missing = DriverSymbols.missing(DRIVER);
      report.put("missing_symbols", missing);
      report.note(
          "driver functions that JCuda imports: %d, of which %d are missing"
              .formatted(DriverSymbols.wanted().size(), missing.size()));
      if (!missing.isEmpty()) {
        report.fail("the driver lacks " + String.join(", ", missing));
      }
    } catch (DriverException e) {
      report.skip("symbols: " + e.reason());
    }
  }
}
