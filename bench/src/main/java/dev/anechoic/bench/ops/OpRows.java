package dev.anechoic.bench.ops;

import dev.anechoic.tensor.spec.OpSpec;
import dev.anechoic.tensor.spec.OpTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is measured: every op of the table at the sizes of a small transformer (64 x 96 tokens, 128
 * channels, 4 heads, a vocabulary of 512), and the shapes that the goals name.
 */
public final class OpRows {
  private static final int TOKENS = 64 * 96;

  /** Extents by the name of the axis; other axes take the first value of the op's grid. */
  private static final Map<String, Integer> SIZES =
      Map.ofEntries(
          Map.entry("A", 64),
          Map.entry("B", 64),
          Map.entry("T", 96),
          Map.entry("S", 1),
          Map.entry("H", 4),
          Map.entry("K", 4),
          Map.entry("D", 32),
          Map.entry("R", TOKENS),
          Map.entry("N", TOKENS),
          Map.entry("C", 128),
          Map.entry("V", 512),
          Map.entry("start", 63));

  /** Where an op has another size than {@link #SIZES}. */
  private static final Map<String, Map<String, Integer>> OTHER_SIZES =
      Map.ofEntries(
          Map.entry("fill", Map.of("N", TOKENS * 128)),
          Map.entry("copy", Map.of("N", TOKENS * 128)),
          Map.entry("sumSquares", Map.of("N", TOKENS * 128)),
          Map.entry("countNotFinite", Map.of("N", TOKENS * 128)),
          Map.entry("adamW", Map.of("N", 1 << 20)),
          Map.entry("permute", Map.of("B", 96, "C", 4, "axes", 2)),
          Map.entry("matmul", Map.of("M", TOKENS, "N", 384, "K", 128)),
          Map.entry("rotary", Map.of("H", 8, "tail", 128)),
          Map.entry("gelu", Map.of("C", 512)),
          Map.entry("geluBackward", Map.of("C", 512)),
          Map.entry("swiglu", Map.of("C", 512)),
          Map.entry("swigluBackward", Map.of("C", 512)),
          Map.entry("attentionCached", Map.of("B", 256)),
          Map.entry("copySlots", Map.of("R", 64, "past", 64)),
          Map.entry("advance", Map.of("R", 256)),
          Map.entry("sample", Map.of("N", 256)));

  /** Rows of 512 columns that no cache of today holds: 64 MB per operand. */
  private static final int LARGE_ROWS = 32_768;

  private static final int LARGE_COLUMNS = 512;

  /** Parameters of AdamW's four operands of 32 MB. */
  private static final int LARGE_PARAMETERS = 8 << 20;

  private OpRows() {}

  /** All rows: the goals' first, then every op of the table that is not among them. */
  public static List<OpRow> all() {
    Map<String, OpRow> rows = new LinkedHashMap<>();
    for (List<OpRow> group : List.of(products(), attention(), outOfCache(), everyOp())) {
      group.forEach(row -> rows.putIfAbsent(row.id(), row));
    }
    return List.copyOf(rows.values());
  }

  /** The rows that other libraries have too. */
  public static List<OpRow> comparable() {
    List<OpRow> rows = new ArrayList<>(products());
    rows.addAll(attention());
    rows.addAll(outOfCache());
    return rows;
  }

  /** Products of a transformer with 128 and with 256 channels, of decoding, and squares. */
  public static List<OpRow> products() {
    List<OpRow> rows = new ArrayList<>();
    for (int channels : new int[] {128, 256}) {
      layer(rows, channels, 3 * channels);
      layer(rows, channels, channels);
      layer(rows, channels, 8 * channels);
      layer(rows, 4 * channels, channels);
    }
    for (int batch : new int[] {16, 32, 64, 128, 256}) {
      rows.add(product(batch, 384, 128, false, false));
      rows.add(product(batch, 1024, 256, false, false));
    }
    for (int n : new int[] {64, 128, 256, 512, 1024, 2048}) {
      rows.add(product(n, n, n, false, false));
    }
    return rows;
  }

  /** x [N,K] W [K,C], and its gradients: dX = dY Wᵀ, dW = xᵀ dY. */
  private static void layer(List<OpRow> rows, int inputs, int outputs) {
    rows.add(product(TOKENS, outputs, inputs, false, false));
    rows.add(product(TOKENS, inputs, outputs, false, true));
    rows.add(product(inputs, outputs, TOKENS, true, false));
  }

  private static OpRow product(int m, int n, int k, boolean transposeA, boolean transposeB) {
    return row(
        "matmul",
        Map.of(
            "M",
            m,
            "N",
            n,
            "K",
            k,
            "transposeA",
            transposeA ? 1 : 0,
            "transposeB",
            transposeB ? 1 : 0));
  }

  private static List<OpRow> attention() {
    List<OpRow> rows = new ArrayList<>();
    for (String op : List.of("attention", "attentionBackward")) {
      for (int time : new int[] {96, 512}) {
        for (int headSize : new int[] {32, 64}) {
          rows.add(row(op, Map.of("B", TOKENS / time, "T", time, "D", headSize)));
        }
      }
    }
    return rows;
  }

  private static List<OpRow> outOfCache() {
    List<OpRow> rows = new ArrayList<>();
    for (String op :
        List.of(
            "softmax",
            "softmaxBackward",
            "logSoftmax",
            "layerNorm",
            "layerNormBackward",
            "rmsNorm",
            "rmsNormBackward")) {
      rows.add(row(op, Map.of("R", LARGE_ROWS, "C", LARGE_COLUMNS)));
    }
    for (String op : List.of("crossEntropy", "crossEntropyBackward")) {
      rows.add(row(op, Map.of("N", LARGE_ROWS, "V", LARGE_COLUMNS)));
    }
    rows.add(row("adamW", Map.of("N", LARGE_PARAMETERS)));
    return rows;
  }

  private static List<OpRow> everyOp() {
    return OpTable.all().stream().map(spec -> row(spec.name(), Map.of())).toList();
  }

  private static OpRow row(String op, Map<String, Integer> given) {
    OpSpec spec = OpTable.named(op);
    List<String> names = spec.grid().names();
    int[] first = spec.grid().first();
    Map<String, Integer> other = OTHER_SIZES.getOrDefault(op, Map.of());
    List<Integer> point = new ArrayList<>();
    for (int i = 0; i < first.length; i++) {
      String name = names.get(i);
      int usual = other.getOrDefault(name, SIZES.getOrDefault(name, first[i]));
      point.add(given.getOrDefault(name, usual));
    }
    return new OpRow(op, point);
  }
}
