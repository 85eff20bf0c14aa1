package dev.anechoic.rl.study;

import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.io.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One stage of a study with the hash of all it depends on. A stage whose hash is the one of its
 * last finished run is skipped; one that was begun with this hash and cut off goes on; any other
 * begins.
 */
final class Stage {
  private final String name;
  private final Path marker;
  private final String hash;

  /**
   * @param folder of the stage's results; the marker lies in it as {@code stage-NAME.json}
   * @param inputs everything the results depend on: settings as text, hashes of earlier stages
   */
  Stage(String name, Path folder, List<String> inputs) {
    this.name = name;
    this.marker = folder.resolve("stage-" + name + ".json");
    this.hash = hash(name, inputs);
  }

  /** SHA-256 over a stage's name and all that its results depend on. */
  static String hash(String name, List<String> inputs) {
    String all = name + "\n" + String.join("\n--\n", inputs);
    return Hashing.sha256(all.getBytes(StandardCharsets.UTF_8));
  }

  /** Names the stage's results for the stages after it. */
  String hash() {
    return hash;
  }

  /** Whether the results on disk are those of these inputs, and complete. */
  boolean isDone() {
    return wasBegun() && stored("state").equals("done");
  }

  /** Whether what lies on disk was begun with these inputs. */
  boolean wasBegun() {
    return Files.exists(marker) && stored("inputs").equals(hash);
  }

  void begin() {
    write("begun", 0);
  }

  /** Marks the results as complete. */
  void done(double seconds) {
    write("done", seconds);
  }

  private String stored(String key) {
    return Json.read(marker).get(key).string();
  }

  private void write(String state, double seconds) {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("stage", name);
    content.put("inputs", hash);
    content.put("state", state);
    content.put("seconds", seconds);
    Json.write(marker, content);
  }
}
