package dev.anechoic.tensor.spec;

import java.util.ArrayList;
import java.util.List;

/** What a conformance run found: per op the cases, the worst error and the failures. */
public final class ConformanceReport {
  private static final int FAILURES_SHOWN = 4;

  /**
   * A property that did not hold.
   *
   * @param op kernel
   * @param property which one
   * @param where shape, variant and seed of the case
   * @param what seen against expected
   */
  public record Failure(String op, String property, String where, String what) {
    @Override
    public String toString() {
      return "%s: %s: %s [%s]".formatted(op, property, what, where);
    }
  }

  /** Results of one op. */
  public static final class OpResult {
    private final String op;
    private int cases;
    private int checks;
    private double worst;
    private double naiveWorst = Double.NaN;
    private final List<Failure> failures = new ArrayList<>();
    private long nanos;

    OpResult(String op) {
      this.op = op;
    }

    public String op() {
      return op;
    }

    /** Cases executed: shapes, variants and seeds. */
    public int cases() {
      return cases;
    }

    /** Properties tested over all cases. */
    public int checks() {
      return checks;
    }

    /** Worst error against the reference, in units of {@link Parity}. */
    public double worst() {
      return worst;
    }

    /** The same for the naive float loops; NaN where they were not there to compare with. */
    public double naiveWorst() {
      return naiveWorst;
    }

    public List<Failure> failures() {
      return List.copyOf(failures);
    }

    void countCase() {
      cases++;
    }

    void countCheck() {
      checks++;
    }

    void addNanos(long more) {
      nanos += more;
    }

    void seeError(double error) {
      worst = Math.max(worst, error);
    }

    void seeNaiveError(double error) {
      naiveWorst = Double.isNaN(naiveWorst) ? error : Math.max(naiveWorst, error);
    }

    void fail(Failure failure) {
      failures.add(failure);
    }
  }

  private final String backend;
  private final long seed;
  private final List<OpResult> ops = new ArrayList<>();

  ConformanceReport(String backend, long seed) {
    this.backend = backend;
    this.seed = seed;
  }

  void add(OpResult op) {
    ops.add(op);
  }

  public String backend() {
    return backend;
  }

  public List<OpResult> ops() {
    return List.copyOf(ops);
  }

  /** Cases executed over all ops. */
  public int cases() {
    return ops.stream().mapToInt(OpResult::cases).sum();
  }

  /** All failures. */
  public List<Failure> failures() {
    return ops.stream().flatMap(op -> op.failures.stream()).toList();
  }

  /** The closing table: ops, executed cases, worst error per op, then the first failures. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("conformance of %s, seed %d%n".formatted(backend, seed));
    text.append(
        "%-24s %6s %7s %12s %12s %8s%n"
            .formatted("op", "cases", "checks", "worst error", "naive float", "seconds"));
    for (OpResult op : ops) {
      text.append(
          "%-24s %6d %7d %12.2f %12s %8.2f%s%n"
              .formatted(
                  op.op,
                  op.cases,
                  op.checks,
                  op.worst,
                  Double.isNaN(op.naiveWorst) ? "" : "%.2f".formatted(op.naiveWorst),
                  op.nanos * 1e-9,
                  op.failures.isEmpty() ? "" : "  " + op.failures.size() + " FAILED"));
    }
    text.append(
        "%d ops, %d cases, %d checks, %d failures; errors in float roundings, weighted by condition%n"
            .formatted(
                ops.size(),
                cases(),
                ops.stream().mapToInt(OpResult::checks).sum(),
                failures().size()));
    for (OpResult op : ops) {
      for (Failure failure : op.failures.stream().limit(FAILURES_SHOWN).toList()) {
        text.append("  ").append(failure).append(System.lineSeparator());
      }
      if (op.failures.size() > FAILURES_SHOWN) {
        text.append("  %s: %d more%n".formatted(op.op, op.failures.size() - FAILURES_SHOWN));
      }
    }
    return text.toString();
  }
}
