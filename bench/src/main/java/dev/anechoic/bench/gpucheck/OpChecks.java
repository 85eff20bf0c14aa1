package dev.anechoic.bench.gpucheck;

import dev.anechoic.tensor.spec.Conformance;
import dev.anechoic.tensor.spec.ConformanceReport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Part 2: the op table. Each op against the reference, the same bits on every repetition, and rows
 * that do not depend on the batch around them.
 */
final class OpChecks {
  private static final String PARITY = "parity with the reference";
  private static final String NAIVE = "at most twice the error of naive float loops";

  /**
   * The ops that round operands to bf16. They are held to every promise but the f32 tolerance; in
   * its place stands this one, in units of the last place of f32: rounding an operand to bf16 costs
   * 2^16 of them, and products and scores have several.
   */
  private static final List<String> TENSOR_CORE_OPS =
      List.of("matmul", "attention", "attentionBackward", "attentionCached");

  private static final double BF16_TOLERANCE_UNITS = 16 * 65536;

  private final Report report;

  OpChecks(Report report) {
    this.report = report;
  }

  void run(String backendName, Size size) {
    Conformance.Options options = Conformance.Options.QUICK.withAllocations(false);
    boolean bf16 = GpuCheck.roundsOperands(backendName);
    Map<String, Object> ops = new LinkedHashMap<>();
    List<String> broken = new ArrayList<>();
    int cases = 0;
    for (String name : size.ops()) {
      ConformanceReport wide = Conformance.run(backendName, options.withOp(name).withWide(true));
      wide.failures().stream().map(ConformanceReport.Failure::toString).forEach(broken::add);
      ConformanceReport result = Conformance.run(backendName, options.withOp(name));
      boolean rounds = bf16 && TENSOR_CORE_OPS.contains(name);
      result.failures().stream()
          .filter(f -> !(rounds && isTolerance(f.property())))
          .map(ConformanceReport.Failure::toString)
          .forEach(broken::add);
      double worst = result.ops().getFirst().worst();
      if (rounds && !(worst <= BF16_TOLERANCE_UNITS)) {
        broken.add("%s: an error of %.3g units of f32".formatted(name, worst));
      }
      int run = result.cases() + wide.cases();
      cases += run;
      ops.put(name, Map.of("cases", run, "worst_error_units", worst));
    }
    report.section("Op table");
    report.put("ops", ops);
    report.note("%d ops, %d cases, %d broken promises".formatted(ops.size(), cases, broken.size()));
    broken.forEach(report::fail);
  }

  private static boolean isTolerance(String property) {
    return property.equals(PARITY) || property.equals(NAIVE);
  }
}
