package dev.anechoic.rl.trace;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a trace holds: events by type, and the ops that took most time. */
public final class TraceSummary {
  private static final int MOST_OPS = 12;

  private final Map<String, Integer> counts = new TreeMap<>();
  private final Map<String, Totals> ops = new TreeMap<>();

  /** Sums over the calls of one op. */
  private static final class Totals {
    private long calls;
    private long nanos;
    private long flops;
    private long bytes;
    private boolean counted = true;
  }

  TraceSummary() {}

  void count(String type) {
    counts.merge(type, 1, Integer::sum);
  }

  void op(String name, long nanos, long flops, long bytes) {
    Totals totals = ops.computeIfAbsent(name, n -> new Totals());
    totals.calls++;
    totals.nanos += nanos;
    totals.flops += Math.max(0, flops);
    totals.bytes += Math.max(0, bytes);
    totals.counted &= flops >= 0;
  }

  /** Events of a type, such as {@code anechoic.Op}. */
  public int events(String type) {
    return counts.getOrDefault(type, 0);
  }

  /** The summary as lines to print. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    counts.forEach((type, count) -> lines.add(format("%-24s %,d events", type, count)));
    if (counts.keySet().stream().noneMatch(type -> type.startsWith("anechoic."))) {
      lines.add("No event of ours is in it: the recording did not cover a training run.");
    }
    long all = ops.values().stream().mapToLong(totals -> totals.nanos).sum();
    ops.entrySet().stream()
        .sorted(Comparator.comparingLong(entry -> -entry.getValue().nanos))
        .limit(MOST_OPS)
        .forEach(entry -> lines.add(line(entry.getKey(), entry.getValue(), all)));
    return lines;
  }

  private static String line(String op, Totals totals, long all) {
    double nanos = Math.max(1, totals.nanos);
    double share = 100 * nanos / Math.max(1, all);
    String time =
        format("%-24s %,8d calls %9.1f ms %5.1f %%", op, totals.calls, nanos / 1e6, share);
    return totals.counted
        ? time + format("  %7.1f GFLOP/s  %6.1f GB/s", totals.flops / nanos, totals.bytes / nanos)
        : time;
  }

  private static String format(String pattern, Object... arguments) {
    return String.format(Locale.ROOT, pattern, arguments);
  }
}
