package dev.anechoic.rl.runfolder;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object of a run folder: typed access in which a field that is absent or {@code null} was
 * not measured, and is never read as 0. Every mismatch names the file, the line and the field.
 */
public final class JsonObject {
  private static final JsonFactory GENERATORS = new JsonFactory();

  private final Json json;
  private final Map<String, Json> fields;

  private JsonObject(Json json) {
    this.json = json;
    this.fields = json.entries();
  }

  /** What {@link #write} runs on an open generator. */
  @FunctionalInterface
  public interface Writer {
    void write(JsonGenerator json) throws IOException;
  }

  /**
   * Parses one JSON object.
   *
   * @param text the whole text of the object
   * @param where its place, for messages, such as {@code samples.jsonl line 12}
   * @throws UserError where the text is not one JSON object
   */
  public static JsonObject parse(String text, String where) {
    return new JsonObject(Json.parse(text, where));
  }

  /** Renders what {@code body} writes, as one line without a line break. */
  public static String write(Writer body) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = GENERATORS.createGenerator(text)) {
      body.write(json);
    } catch (IOException e) {
      throw new IllegalStateException("writing JSON to memory failed", e);
    }
    return text.toString();
  }

  /** Writes the field unless the number is NaN or infinite, which JSON cannot hold. */
  static void number(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(name, value);
    }
  }

  /** Writes an object of numbers; those that are not finite are left out. */
  static void numbers(JsonGenerator json, String name, Map<String, Double> values)
      throws IOException {
    json.writeObjectFieldStart(name);
    for (Map.Entry<String, Double> entry : values.entrySet()) {
      number(json, entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
  }

  public Set<String> names() {
    return fields.keySet();
  }

  public boolean has(String name) {
    return json.has(name);
  }

  public String string(String name) {
    return json.get(name).string();
  }

  public String string(String name, String fallback) {
    return has(name) ? string(name) : fallback;
  }

  public double number(String name) {
    return json.get(name).doubleValue();
  }

  /** The number, or NaN where it was not measured. */
  public double numberOrNaN(String name) {
    return has(name) ? number(name) : Double.NaN;
  }

  public int integer(String name) {
    return json.get(name).intValue();
  }

  public long longInteger(String name) {
    return json.get(name).longValue();
  }

  /** The whole number, or a fallback where the field is absent. */
  public long longInteger(String name, long fallback) {
    return has(name) ? longInteger(name) : fallback;
  }

  public JsonObject object(String name) {
    return new JsonObject(json.get(name));
  }

  /** The objects of an array, empty where the field is absent. */
  public List<JsonObject> objects(String name) {
    return items(name).stream().map(JsonObject::new).toList();
  }

  /** The strings of an array, empty where the field is absent. */
  public List<String> strings(String name) {
    return items(name).stream().map(Json::string).toList();
  }

  /** The numbers of an array; {@code null} elements become NaN; empty where it is absent. */
  public double[] numbers(String name) {
    return items(name).stream()
        .mapToDouble(item -> item.isNull() ? Double.NaN : item.doubleValue())
        .toArray();
  }

  /** The plain values of an array, empty where the field is absent. */
  List<@Nullable Object> values(String name) {
    List<@Nullable Object> values = new ArrayList<>();
    items(name).forEach(item -> values.add(item.value()));
    return values;
  }

  /** The numbers of an object of numbers, empty where the field is absent. */
  public Map<String, Double> numberMap(String name) {
    Map<String, Double> map = new LinkedHashMap<>();
    if (has(name)) {
      JsonObject object = object(name);
      object.names().stream().filter(object::has).forEach(k -> map.put(k, object.number(k)));
    }
    return map;
  }

  /** The plain value of a field, as in {@link Json#value}; null where it is absent. */
  @Nullable Object value(String name) {
    return has(name) ? json.get(name).value() : null;
  }

  /** An error about a field of this object. */
  UserError mismatch(String name, String expected) {
    return json.get(name).mismatch(expected);
  }

  private List<Json> items(String name) {
    return has(name) ? json.get(name).items() : List.of();
  }
}
