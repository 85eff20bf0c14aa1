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
 * last finished run is skipped; a stage that was cut off, or whose inputs changed, runs.
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
    String all = name + "\n" + String.join("\n--\n", inputs);
    this.hash = Hashing.sha256(all.getBytes(StandardCharsets.UTF_8));
  }

  String name() {
    return name;
  }

  /** Names the stage's results for the stages after it. */
  String hash() {
    return hash;
  }

  /** Whether the results on disk are those of these inputs. */
  boolean isDone() {
    return Files.exists(marker) && Json.read(marker).get("inputs").string().equals(hash);
  }

  /** Forgets an earlier result before the stage runs. */
  void begin() {
    Studies.delete(marker);
  }

  /** Marks the results as complete. */
  void done(double seconds) {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("stage", name);
    content.put("inputs", hash);
    content.put("seconds", seconds);
    Json.write(marker, content);
  }
}
