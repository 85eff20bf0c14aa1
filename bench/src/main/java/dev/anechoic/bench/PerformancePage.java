package dev.anechoic.bench;

import dev.anechoic.model.io.Json;
import dev.anechoic.model.transformer.Flops;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Preset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The measured part of {@code docs/performance.md}: each claim with floor, measured and gap. */
final class PerformancePage {
  private static final List<String> OUT_OF_CACHE =
      List.of(
          "softmax",
          "layerNorm",
          "layerNormBackward",
          "rmsNorm",
          "rmsNormBackward",
          "crossEntropy",
          "crossEntropyBackward",
          "adamW");

  /** Squares from here on have a floor in shares of the peak. */
  private static final int SQUARE_FROM = 256;

  private final List<OpsRow> ops;
  private final List<Json> peers;
  private final @Nullable Json launches;
  private final StringBuilder out = new StringBuilder();

  /** A row of {@code bench ops}. */
  private record OpsRow(String name, String shape, double value, double share, long allocated) {
    int threads() {
      int at = shape.lastIndexOf("threads ");
      return at < 0 ? 1 : Integer.parseInt(shape.substring(at + "threads ".length()));
    }

    /** Extent of a square product, or 0. */
    int square() {
      String[] sizes = shape.replaceAll("[^0-9]+", " ").strip().split(" ");
      boolean square =
          name.equals("matmul")
              && sizes.length == 5
              && sizes[0].equals(sizes[1])
              && sizes[1].equals(sizes[3]);
      return square ? Integer.parseInt(sizes[0]) : 0;
    }
  }

  PerformancePage(List<Json> ops, List<Json> peers, @Nullable Json launches) {
    this.ops =
        ops.stream()
            .map(row ->
                new OpsRow(
                    row.get("name").string(),
                    row.get("shape").string(),
                    row.get("value").doubleValue(),
                    number(row.get("share_of_peak")),
                    row.get("allocated_bytes").longValue()))
            .toList();
    this.peers = peers;
    this.launches = launches;
  }

  private static double number(Json json) {
    return json.isNull() ? Double.NaN : json.doubleValue();
  }

  String markdown() {
    out.append("\n### The machine\n\n");
    out.append(Machine.line()).append("\n\n");
    rows(row -> row.name.startsWith("peak"), Comparator.comparing(OpsRow::threads))
        .forEach(r -> line("* %s, %s: %.1f", r.name, r.shape, r.value));
    out.append("\n### Claims\n\n| claim | floor | measured | gap |\n|---|---|---|---|\n");
    for (int threads : threads()) {
      squares(threads);
      attention(threads);
      outOfCache(threads);
    }
    functions();
    allocation();
    peerClaims();
    if (launches != null) {
      long all = launches.get("launches").longValue();
      claim("launches at full speed", all, all - launches.get("slow").longValue(), "of " + all);
    }
    peerTable();
    return out.append('\n').toString();
  }

  private List<Integer> threads() {
    return ops.stream()
        .filter(r -> r.name.startsWith("peak"))
        .map(OpsRow::threads)
        .distinct()
        .sorted()
        .toList();
  }

  private List<OpsRow> rows(Predicate<OpsRow> test, Comparator<OpsRow> order) {
    return ops.stream().filter(test).sorted(order).toList();
  }

  private void squares(int threads) {
    double floor = threads == 1 ? 90 : 80;
    lowest(r -> r.threads() == threads && r.square() >= SQUARE_FROM)
        .forEach(r ->
            claim(
                "matmul, squares from 256, %d thread(s), share of peak; lowest: %d"
                    .formatted(threads, r.square()),
                floor,
                100 * r.share,
                "%"));
  }

  private void attention(int threads) {
    double matmul =
        ops.stream()
            .filter(r -> r.threads() == threads && r.square() == 512)
            .mapToDouble(OpsRow::value)
            .findFirst()
            .orElse(Double.NaN);
    for (String op : List.of("attention", "attentionBackward")) {
      ops.stream()
          .filter(r -> r.threads() == threads && r.name.equals(op) && r.shape.contains("K4"))
          .min(Comparator.comparingDouble(OpsRow::value))
          .ifPresent(r ->
              claim(
                  "%s, share of matmul's rate at 512; lowest: %s".formatted(op, r.shape),
                  60,
                  100 * r.value / matmul,
                  "%"));
    }
  }

  private void outOfCache(int threads) {
    for (String op : OUT_OF_CACHE) {
      lowest(r ->
              r.threads() == threads
                  && r.name.equals(op)
                  && (r.shape.contains("32768") || r.shape.contains("8388608")))
          .forEach(r ->
              claim(
                  "%s out of cache, %d thread(s), share of the triad".formatted(op, threads),
                  85,
                  100 * r.share,
                  "%"));
    }
  }

  private List<OpsRow> lowest(Predicate<OpsRow> test) {
    return rows(test, Comparator.comparingDouble(OpsRow::share)).stream().limit(1).toList();
  }

  private void functions() {
    ops.stream()
        .filter(r -> r.shape.endsWith("over scalar"))
        .forEach(r -> claim(r.name + " against the scalar JDK", 4, r.value, "times"));
  }

  private void allocation() {
    List<OpsRow> kernels = ops.stream().filter(r -> !r.name.matches("(peak|math) .*")).toList();
    List<OpsRow> allocating = kernels.stream().filter(r -> r.allocated > 0).toList();
    String which =
        allocating.isEmpty()
            ? ""
            : "; "
                + String.join(", ", allocating.stream().map(r -> r.name + " " + r.shape).toList());
    line(
        "| rows that allocate on the Java heap%s | 0 | %d of %d | %s |",
        which, allocating.size(), kernels.size(), allocating.isEmpty() ? "met" : allocating.size());
  }

  // ---- other libraries ----------------------------------------------------------------------

  private void peerClaims() {
    for (int threads : peers.stream().map(r -> r.get("threads").intValue()).distinct().toList()) {
      List<Json> products = peerRows("matmul", threads);
      if (!products.isEmpty()) {
        List<Double> ratios = products.stream().map(r -> r.get("ratio").doubleValue()).toList();
        double mean = Math.exp(ratios.stream().mapToDouble(Math::log).average().orElse(Double.NaN));
        claim(
            "matmul against the best peer of each shape, %d thread(s), geometric mean"
                .formatted(threads),
            1.15,
            mean,
            "times");
        long slower = ratios.stream().filter(ratio -> ratio < 1).count();
        line(
            "| matmul shapes slower than the best peer, %d thread(s) | 0 | %d of %d | %s |",
            threads, slower, ratios.size(), slower == 0 ? "met" : slower);
      }
    }
    int most = peers.stream().mapToInt(r -> r.get("threads").intValue()).max().orElse(0);
    model("train", "micro", most, 1.7, 2);
    model("train", "mini", most, 1.5, 1.5);
    model("rollout", "micro", most, 3, 6);
    model("ppo", "micro", most, 2, 2);
  }

  private List<Json> peerRows(String name, int threads) {
    return peers.stream()
        .filter(r -> r.get("name").string().equals(name))
        .filter(r -> r.get("threads").intValue() == threads)
        .filter(r -> r.has("ratio"))
        .toList();
  }

  private void model(String name, String preset, int threads, double floor, double goal) {
    for (Json row : peerRows(name, threads)) {
      if (row.get("shape").string().startsWith(preset)) {
        String aim = goal > floor ? " (goal %s)".formatted(figure(goal)) : "";
        claim(
            "%s %s against libtorch, %d threads%s"
                .formatted(name, row.get("shape").string(), threads, aim),
            floor,
            row.get("ratio").doubleValue(),
            "times");
        if (name.equals("train")) {
          shareOfPeak(row, preset, threads);
        }
      }
    }
  }

  /** Of the machine's multiply-adds, by the FLOPs of matrix products and attention. */
  private void shareOfPeak(Json row, String preset, int threads) {
    String[] sizes = row.get("shape").string().replaceAll("[^0-9]+", " ").strip().split(" ");
    int time = Integer.parseInt(sizes[1]);
    ModelConfig config = Preset.named(preset).config(Integer.parseInt(sizes[2]), time);
    double flops = row.get("value").doubleValue() * Flops.trainPerToken(config, time);
    ops.stream()
        .filter(r -> r.name.equals("peak multiply-adds") && r.threads() == threads)
        .forEach(r ->
            claim(
                "train " + preset + ", share of the peak of the whole step",
                75,
                100 * flops / (r.value * 1e9),
                "%"));
  }

  private void peerTable() {
    if (peers.isEmpty()) {
      return;
    }
    out.append("\n### Against other libraries\n\n");
    out.append("Medians of interleaved rounds; the ratio is to the best peer of the row.\n\n");
    out.append(
        "| work | shape | threads | anechoic | OpenBLAS | MKL | libtorch | unit | ratio |\n");
    out.append("|---|---|---|---|---|---|---|---|---|\n");
    for (Json row : peers) {
      Json others = row.get("peers");
      List<String> cells = new ArrayList<>();
      for (String peer : List.of("openblas", "mkl", "libtorch")) {
        cells.add(others.has(peer) ? figure(others.get(peer).get("value").doubleValue()) : "");
      }
      line(
          "| %s | %s | %d | %s | %s | %s | %s |",
          row.get("name").string(),
          row.get("shape").string(),
          row.get("threads").intValue(),
          figure(row.get("value").doubleValue()),
          String.join(" | ", cells),
          row.get("unit").string(),
          row.has("ratio") ? "%.2f".formatted(row.get("ratio").doubleValue()) : "");
    }
  }

  // ---- text ---------------------------------------------------------------------------------

  private void claim(String what, double floor, double measured, String unit) {
    double gap = floor - measured;
    line(
        "| %s | %s %s | %s %s | %s |",
        what,
        figure(floor),
        unit,
        figure(measured),
        unit,
        measured >= floor ? "met" : "%s %s short".formatted(figure(gap), unit));
  }

  /** Two digits behind the point for a ratio, one for a rate, none for tokens per second. */
  static String figure(double value) {
    String format = Math.abs(value) < 10 ? "%,.2f" : Math.abs(value) < 1000 ? "%,.1f" : "%,.0f";
    return String.format(Locale.ROOT, format, value);
  }

  private void line(String format, Object... values) {
    out.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
