package dev.anechoic.rl.runfolder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The metrics of one stage of a run as columns over steps.
 *
 * <p>A step that was logged twice, because a killed run resumed from an earlier checkpoint, counts
 * once: its last line holds. A key that a line lacks is NaN there.
 */
public final class Metrics {
  private final int[] steps;
  private final Map<String, double[]> columns;

  private Metrics(int[] steps, Map<String, double[]> columns) {
    this.steps = steps;
    this.columns = columns;
  }

  /**
   * Reads {@code metrics.jsonl}.
   *
   * @param stage {@code rl} or {@code pretrain}; a line without a stage is of stage {@code rl}
   * @throws UserError where the file or a line is damaged
   */
  public static Metrics read(Path file, String stage) {
    TreeMap<Integer, JsonObject> lines = new TreeMap<>();
    JsonLines.read(
        file,
        line -> {
          if (line.string("stage", "rl").equals(stage)) {
            lines.put(line.integer("step"), line);
          }
        });
    return of(lines);
  }

  private static Metrics of(TreeMap<Integer, JsonObject> lines) {
    int[] steps = lines.keySet().stream().mapToInt(Integer::intValue).toArray();
    Map<String, double[]> columns = new LinkedHashMap<>();
    int row = 0;
    for (JsonObject line : lines.values()) {
      for (String key : line.names()) {
        if (line.value(key) instanceof Number number) {
          columns.computeIfAbsent(key, k -> unmeasured(steps.length))[row] = number.doubleValue();
        }
      }
      row++;
    }
    return new Metrics(steps, columns);
  }

  private static double[] unmeasured(int length) {
    double[] column = new double[length];
    Arrays.fill(column, Double.NaN);
    return column;
  }

  /** The steps, increasing. */
  public int[] steps() {
    return steps.clone();
  }

  public int size() {
    return steps.length;
  }

  public boolean has(String key) {
    return columns.containsKey(key);
  }

  public Set<String> keys() {
    return columns.keySet();
  }

  /** The values of a key, one per step, NaN where it was not logged. */
  public double[] column(String key) {
    double[] column = columns.get(key);
    return column == null ? unmeasured(steps.length) : column.clone();
  }

  /** The formats that have a share, in the order in which the first line names them. */
  public List<String> formats() {
    List<String> formats = new ArrayList<>();
    for (String key : columns.keySet()) {
      if (key.startsWith("format/") && key.endsWith("/share")) {
        formats.add(key.substring("format/".length(), key.length() - "/share".length()));
      }
    }
    return formats;
  }

  /** The names after a prefix, such as the phases after {@code time/}, sorted. */
  public Set<String> group(String prefix) {
    Set<String> names = new TreeSet<>();
    for (String key : columns.keySet()) {
      if (key.startsWith(prefix)) {
        names.add(key.substring(prefix.length()));
      }
    }
    return names;
  }
}
