package dev.anechoic.bench.gpucheck;

import dev.anechoic.model.io.AtomicFiles;
import dev.anechoic.model.io.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code gpucheck} found: said at once, and written as {@code gpucheck.json} and {@code
 * gpucheck.md}. A part that was given up may still write while the next one does.
 */
final class Report {
  private final PrintWriter out;
  private final Map<String, Object> json = new LinkedHashMap<>();
  private final StringBuilder markdown = new StringBuilder("# gpucheck\n");
  private final Map<String, Double> speeds = new HashMap<>();
  private final List<String> failures = new ArrayList<>();
  private final List<String> skipped = new ArrayList<>();

  Report(PrintWriter out) {
    this.out = out;
  }

  /** A line for the person at the terminal. */
  synchronized void say(String line) {
    out.println(line);
    out.flush();
  }

  synchronized void section(String title) {
    markdown.append("\n## ").append(title).append("\n\n");
  }

  /** A bullet, also said. */
  synchronized void note(String line) {
    markdown.append("* ").append(line).append('\n');
    say("   " + line);
  }

  /** Begins a table. */
  synchronized void header(String... columns) {
    markdown.append("\n| ").append(String.join(" | ", columns)).append(" |\n");
    markdown.append("|---".repeat(columns.length)).append("|\n");
  }

  /** A line of the table, also said. */
  synchronized void row(String... cells) {
    markdown.append("| ").append(String.join(" | ", cells)).append(" |\n");
    say("   " + String.join("  ", cells));
  }

  /** How fast something was in this run, for a comparison later on. */
  synchronized void speed(String work, double perSecond) {
    speeds.put(work, perSecond);
  }

  /** What {@link #speed} was told, or NaN. */
  synchronized double speed(String work) {
    return speeds.getOrDefault(work, Double.NaN);
  }

  /** A value of the JSON file. */
  synchronized void put(String key, Object value) {
    json.put(key, value);
  }

  synchronized void fail(String what) {
    failures.add(what);
    say("   FAILED: " + what);
  }

  /** Something that this machine lacks, which is no failure. */
  synchronized void skip(String what) {
    skipped.add(what);
    say("   skipped: " + what);
  }

  synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  synchronized List<String> skipped() {
    return List.copyOf(skipped);
  }

  /** Writes both files, so far as they have come. */
  synchronized void write(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, Object> all = new LinkedHashMap<>(json);
    all.put("failures", failures());
    all.put("skipped", skipped());
    Json.write(folder.resolve("gpucheck.json"), all);
    String text =
        markdown
            + "\n## Failures\n\n"
            + list(failures, "None.\n")
            + "\n## Skipped\n\n"
            + list(skipped, "Nothing.\n");
    AtomicFiles.write(folder.resolve("gpucheck.md"), text.getBytes(StandardCharsets.UTF_8));
  }

  private static String list(List<String> items, String none) {
    return items.isEmpty() ? none : "* " + String.join("\n* ", items) + "\n";
  }
}
