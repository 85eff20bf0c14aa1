package dev.anechoic.bench.gpucheck;

import dev.anechoic.tensor.spec.Conformance;
import dev.anechoic.tensor.spec.ConformanceReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Part 2: the op table. Each op against the reference, the same bits on every repetition, and rows
 * that do not depend on the batch around them.
 */
final class OpChecks {
  private static final String PARITY = "parity with the reference";
  private static final String NAIVE = "at most twice the error of naive float loops";

  /**
   * The ops that round operands to bf16, or copy what was rounded. They are held to every promise
   * but the f32 tolerance; in its place stands this one, in units of the last place of f32:
   * rounding an operand to bf16 costs 2^16 of them, and products and scores have several.
   */
  private static final List<String> TENSOR_CORE_OPS =
      List.of("matmul", "attention", "attentionBackward", "attentionCached", "copySlots");

  private static final double BF16_TOLERANCE_UNITS = 16 * 65536;

  private final Report report;

  OpChecks(Report report) {
    this.report = report;
  }

  void run(String backendName, Size size) {
    boolean bf16 = GpuCheck.roundsOperands(backendName);
    Map<String, Object> ops = new TreeMap<>();
    List<String> broken = new ArrayList<>();
    int cases = 0;
    // One backend for the whole table: loading the kernels takes longer than most ops.
    for (Conformance.Options options : runs(size)) {
      ConformanceReport result = Conformance.run(backendName, options);
      result.failures().stream()
          .filter(f -> !(bf16 && isTolerance(f.property()) && TENSOR_CORE_OPS.contains(f.op())))
          .map(ConformanceReport.Failure::toString)
          .forEach(broken::add);
      cases += result.cases();
      for (ConformanceReport.OpResult op : result.ops()) {
        String name = op.op() + (options.wide() ? ", long rows" : "");
        boolean rounds = bf16 && TENSOR_CORE_OPS.contains(op.op());
        if (rounds && !(op.worst() <= BF16_TOLERANCE_UNITS)) {
          broken.add("%s: an error of %.3g units of f32".formatted(name, op.worst()));
        }
        if (op.cases() > 0) {
          ops.put(name, Map.of("cases", op.cases(), "worst_error_units", op.worst()));
        }
      }
    }
    report.section("Op table");
    report.put("ops", ops);
    report.note("%d cases, %d broken promises".formatted(cases, broken.size()));
    broken.forEach(report::fail);
  }

  private static List<Conformance.Options> runs(Size size) {
    Conformance.Options all = Conformance.Options.QUICK.withAllocations(false);
    List<Conformance.Options> some =
        size.ops().isEmpty() ? List.of(all) : size.ops().stream().map(all::withOp).toList();
    return some.stream().flatMap(o -> Stream.of(o, o.withWide(true))).toList();
  }

  private static boolean isTolerance(String property) {
    return property.equals(PARITY) || property.equals(NAIVE);
  }
}
