package dev.anechoic.model.metrics;

import dev.anechoic.model.io.AtomicFiles;
import dev.anechoic.model.io.FileErrors;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The metrics of a run, one row per step, in three files that say the same:
 *
 * <ul>
 *   <li>{@code metrics.jsonl}, the record: {@code {"step": 3, "stage": "rl", "ppo/clipfrac": 0.1}};
 *   <li>{@code metrics.csv}: a column per key in the order of first appearance, empty where a row
 *       lacks the key;
 *   <li>{@code tensorboard/STAGE/}: an event file for TensorBoard.
 * </ul>
 *
 * <p>Keys are snake_case with groups: {@code ppo/clipfrac}, {@code format/code/share}. A value that
 * is not finite could not be measured and is left out of its row. Every row is handed to the
 * operating system when it is written, so that a kill loses at most the row in the making; {@link
 * #sync} forces them to the disk. Not for several threads.
 */
public final class MetricsLog implements Closeable {
  public static final String JSONL = "metrics.jsonl";
  public static final String CSV = "metrics.csv";
  public static final String TENSORBOARD = "tensorboard";

  private static final Pattern KEY = Pattern.compile("[a-z0-9_]+(/[a-z0-9_]+)*");

  private final String stage;
  private final JsonLines.Writer jsonl;
  private final CsvTable csv;
  private final EventFile events;
  private final Set<String> knownKeys = new HashSet<>();
  private long lastStep;

  private MetricsLog(Path folder, String stage, long lastStep, InstantSource clock) {
    this.stage = stage;
    this.lastStep = lastStep;
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw FileErrors.writing(folder, 0, e);
    }
    Path rows = folder.resolve(JSONL);
    keepRows(rows, stage, lastStep);
    jsonl = JsonLines.appender(rows);
    csv = new CsvTable(folder.resolve(CSV), rows);
    events = new EventFile(folder.resolve(TENSORBOARD).resolve(stage), lastStep, clock);
  }

  /**
   * Begins the rows of a stage; what an earlier run of the same stage left in the folder goes, rows
   * of other stages stay.
   *
   * @param stage {@code pretrain} or {@code rl}
   */
  public static MetricsLog create(Path folder, String stage) {
    return resume(folder, stage, -1);
  }

  /**
   * Goes on after {@code lastStep}, the step of the checkpoint that a run resumes from: later rows
   * of the stage, and a row that a kill left incomplete, are dropped, since they will come again.
   */
  public static MetricsLog resume(Path folder, String stage, long lastStep) {
    return new MetricsLog(folder, stage, lastStep, InstantSource.system());
  }

  /** As {@link #resume}, with the clock from which TensorBoard gets the wall time of each step. */
  static MetricsLog resume(Path folder, String stage, long lastStep, InstantSource clock) {
    return new MetricsLog(folder, stage, lastStep, clock);
  }

  /**
   * Adds a row.
   *
   * @param step greater than that of the row before
   * @param values in the order in which they are to stand; whole numbers are written as such
   * @throws IllegalArgumentException where the step does not grow or a key is not snake_case
   * @throws dev.anechoic.model.UserError where the disk is full
   */
  public void write(long step, Map<String, ? extends Number> values) {
    if (step <= lastStep) {
      throw new IllegalArgumentException("step " + step + " after step " + lastStep);
    }
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("step", step);
    row.put("stage", stage);
    values.forEach((key, value) -> {
      if (knownKeys.add(key) && !KEY.matcher(key).matches()) {
        throw new IllegalArgumentException("metric key '" + key + "' is not snake_case/group");
      }
      if (Double.isFinite(value.doubleValue())) {
        row.put(key, value);
      }
    });
    lastStep = step;
    jsonl.write(row);
    jsonl.flush();
    csv.write(row);
    events.write(step, values);
  }

  /** Returns after all rows are on the disk; to be called before a checkpoint counts as written. */
  public void sync() {
    jsonl.sync();
    csv.sync();
    events.sync();
  }

  @Override
  public void close() {
    jsonl.close();
    csv.close();
    events.close();
  }

  /** Drops the rows of a stage after a step, and a last line without its line break. */
  private static void keepRows(Path file, String stage, long lastStep) {
    if (!Files.exists(file)) {
      return;
    }
    try {
      String text = Files.readString(file);
      List<String> lines = text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
      StringBuilder kept = new StringBuilder();
      for (int i = 0; i < lines.size(); i++) {
        Json row = Json.parse(lines.get(i), file + ":" + (i + 1));
        Json rowStage = row.find("stage");
        boolean ours = (rowStage == null ? "rl" : rowStage.string()).equals(stage);
        if (!ours || row.get("step").longValue() <= lastStep) {
          kept.append(lines.get(i)).append('\n');
        }
      }
      if (kept.length() < text.length()) {
        AtomicFiles.write(file, kept.toString().getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw FileErrors.reading(file, e);
    }
  }
}
