package dev.anechoic.bench.ops;

import dev.anechoic.tensor.spec.OpCase;
import dev.anechoic.tensor.spec.OpSpec;
import dev.anechoic.tensor.spec.OpTable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One row of the table of benchmarks: an op at a point of its grid.
 *
 * @param op name in the op table
 * @param point sizes and variant, in the order of the op's axes
 */
public record OpRow(String op, List<Integer> point) {
  private static final long SEED = 1;

  /** The row of {@link #id}. */
  public static OpRow parse(String id) {
    int at = id.indexOf('@');
    return new OpRow(
        id.substring(0, at),
        Arrays.stream(id.substring(at + 1).split("_")).map(Integer::valueOf).toList());
  }

  /** One word, without the comma that separates JMH's parameters. */
  public String id() {
    return op + "@" + point.stream().map(String::valueOf).collect(Collectors.joining("_"));
  }

  /** The case, with outputs overwritten. */
  public OpCase opCase() {
    return spec().at(point.stream().mapToInt(Integer::intValue).toArray(), false, SEED);
  }

  private OpSpec spec() {
    return OpTable.named(op);
  }

  /** The value of an axis of the op's grid. */
  public int axis(String name) {
    int at = spec().grid().names().indexOf(name);
    if (at < 0) {
      throw new IllegalArgumentException(op + " has no axis " + name);
    }
    return point.get(at);
  }

  /** Whether arithmetic bounds it, so that its rate is in FLOPs; else bytes. */
  public boolean countsFlops() {
    return op.equals("matmul") || op.equals("attention") || op.equals("attentionBackward");
  }

  /** FLOPs or bytes of a call. */
  public double amount() {
    OpCase c = opCase();
    return countsFlops() ? c.flops() : c.bytes(Float.BYTES);
  }

  /** The unit of {@link #rate}. */
  public String unit() {
    return countsFlops() ? "GFLOP/s" : "GB/s";
  }

  /** GFLOP/s or GB/s of a call that takes so long. */
  public double rate(double nanos) {
    return amount() / nanos;
  }

  /** Sizes for people: {@code [6144x128] x [128x384]}, or the axes with their values. */
  public String shape() {
    if (op.equals("matmul")) {
      int m = axis("M");
      int n = axis("N");
      int k = axis("K");
      return "%s x %s"
          .formatted(matrix(m, k, axis("transposeA") == 1), matrix(k, n, axis("transposeB") == 1));
    }
    List<String> names = spec().grid().names();
    StringBuilder shape = new StringBuilder();
    for (int i = 0; i < names.size(); i++) {
      if (Character.isUpperCase(names.get(i).charAt(0)) || names.get(i).equals("start")) {
        shape.append(shape.isEmpty() ? "" : " ").append(names.get(i)).append(point.get(i));
      }
    }
    return shape.toString();
  }

  /** As stored: {@code [128x6144]ᵀ} is the transpose of a matrix of 128 rows. */
  private static String matrix(int rows, int columns, boolean transposed) {
    return transposed ? "[%dx%d]ᵀ".formatted(columns, rows) : "[%dx%d]".formatted(rows, columns);
  }
}
