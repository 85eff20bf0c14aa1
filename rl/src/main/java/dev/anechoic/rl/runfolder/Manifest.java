package dev.anechoic.rl.runfolder;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a run was made from and what it made ({@code manifest.json}).
 *
 * @param name the run's name, such as {@code nano}
 * @param algorithm {@code ppo}, {@code grpo} or {@code expert_iteration}
 * @param seed the one seed
 * @param command the command line that made the run
 * @param preset the model's preset
 * @param parameters parameters of the model
 * @param formats the formats of the mixture, in its order
 * @param dials the mixture's dials per format, such as {@code share}, {@code label_noise}, {@code
 *     misconception} or {@code difficulty}; the report names those in which two winners differ
 * @param files inputs and outputs with their hashes
 * @param environment machine, JDK, backend and version, as printed
 */
public record Manifest(
    String name,
    String algorithm,
    long seed,
    String command,
    String preset,
    long parameters,
    List<String> formats,
    Map<String, Map<String, Double>> dials,
    List<HashedFile> files,
    Map<String, String> environment) {

  /**
   * A file with its hash.
   *
   * @param role such as {@code corpus}, {@code tokenizer}, {@code base checkpoint}
   * @param path relative to the run folder where it lies inside, else as given
   * @param bytes its length
   * @param sha256 lower-case hex
   */
  public record HashedFile(String role, String path, long bytes, String sha256) {}

  /** Reads a manifest. */
  public static Manifest read(Path file) {
    JsonObject json = JsonLines.readObject(file);
    Map<String, Map<String, Double>> dials = new LinkedHashMap<>();
    if (json.has("dials")) {
      JsonObject byFormat = json.object("dials");
      byFormat.names().forEach(format -> dials.put(format, byFormat.numberMap(format)));
    }
    List<HashedFile> files = new ArrayList<>();
    for (JsonObject entry : json.objects("files")) {
      files.add(
          new HashedFile(
              entry.string("role"),
              entry.string("path"),
              entry.longInteger("bytes", 0),
              entry.string("sha256")));
    }
    Map<String, String> environment = new LinkedHashMap<>();
    if (json.has("environment")) {
      JsonObject pairs = json.object("environment");
      pairs.names().forEach(key -> environment.put(key, String.valueOf(pairs.value(key))));
    }
    return new Manifest(
        json.string("name"),
        json.string("algorithm", ""),
        json.longInteger("seed", 0),
        json.string("command", ""),
        json.string("preset", ""),
        json.longInteger("parameters", 0),
        json.strings("formats"),
        dials,
        files,
        environment);
  }

  /** Writes the manifest, whole or not at all. */
  public void write(Path file) {
    JsonLines.writeFile(file, JsonObject.write(this::write) + "\n");
  }

  private void write(JsonGenerator json) throws IOException {
    json.useDefaultPrettyPrinter();
    json.writeStartObject();
    json.writeStringField("name", name);
    json.writeStringField("algorithm", algorithm);
    json.writeNumberField("seed", seed);
    json.writeStringField("command", command);
    json.writeStringField("preset", preset);
    json.writeNumberField("parameters", parameters);
    json.writeArrayFieldStart("formats");
    for (String format : formats) {
      json.writeString(format);
    }
    json.writeEndArray();
    json.writeObjectFieldStart("dials");
    for (Map.Entry<String, Map<String, Double>> entry : dials.entrySet()) {
      JsonObject.numbers(json, entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
    json.writeArrayFieldStart("files");
    for (HashedFile file : files) {
      json.writeStartObject();
      json.writeStringField("role", file.role);
      json.writeStringField("path", file.path);
      json.writeNumberField("bytes", file.bytes);
      json.writeStringField("sha256", file.sha256);
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeObjectFieldStart("environment");
    for (Map.Entry<String, String> entry : environment.entrySet()) {
      json.writeStringField(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
    json.writeEndObject();
  }
}
