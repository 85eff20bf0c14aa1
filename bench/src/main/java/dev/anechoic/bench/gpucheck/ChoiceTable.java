package dev.anechoic.bench.gpucheck;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A table of work that can be done in several ways: what the rule takes, what is fastest, and
 * TFLOP/s of each choice.
 */
final class ChoiceTable<C extends Enum<C>> {
  private final Report report;
  private final String work;
  private final C[] choices;
  private final List<Map<String, Object>> rows = new ArrayList<>();

  /**
   * Writes the header.
   *
   * @param work key of the first column in the JSON
   * @param title of the first column
   */
  ChoiceTable(Report report, String work, String title, Class<C> choices) {
    this.report = report;
    this.work = work;
    this.choices = Objects.requireNonNull(choices.getEnumConstants());
    List<String> columns =
        new ArrayList<>(List.of(title, "tile by rule", "best tile", "best / rule"));
    for (C choice : this.choices) {
      columns.add(choice.toString());
    }
    report.header(columns.toArray(String[]::new));
  }

  /** One row for each {@link #add}, for the JSON. */
  List<Map<String, Object>> rows() {
    return rows;
  }

  /**
   * Adds a row.
   *
   * @param teraflops by choice; those that were not measured are missing
   */
  void add(String label, C rule, Map<C, Double> teraflops) {
    C best = fastest(teraflops);
    double gain = rate(teraflops, best) / rate(teraflops, rule);
    Map<String, Object> row = new LinkedHashMap<>();
    row.put(work, label);
    row.put("rule", rule.toString());
    if (best != null) {
      row.put("best", best.toString());
    }
    if (!Double.isNaN(gain)) {
      row.put("best_over_rule", gain);
    }
    Map<String, Double> byName = new LinkedHashMap<>();
    teraflops.forEach((choice, rate) -> byName.put(choice.toString(), rate));
    row.put("tflops", byName);
    rows.add(row);
    List<String> cells =
        new ArrayList<>(
            List.of(
                label,
                rule.toString(),
                best == null ? "" : best.toString(),
                Double.isNaN(gain) ? "" : "%.2f".formatted(gain)));
    for (C choice : choices) {
      double rate = rate(teraflops, choice);
      cells.add(Double.isNaN(rate) ? "" : "%.3g".formatted(rate));
    }
    report.row(cells.toArray(String[]::new));
  }

  /** NaN where the choice was not measured. */
  private double rate(Map<C, Double> teraflops, @Nullable C choice) {
    return Objects.requireNonNullElse(choice == null ? null : teraflops.get(choice), Double.NaN);
  }

  private @Nullable C fastest(Map<C, Double> teraflops) {
    C best = null;
    for (C choice : teraflops.keySet()) {
      if (best == null || rate(teraflops, choice) > rate(teraflops, best)) {
        best = choice;
      }
    }
    return best;
  }
}
