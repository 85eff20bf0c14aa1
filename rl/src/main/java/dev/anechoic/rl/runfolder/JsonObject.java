package dev.anechoic.rl.runfolder;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.anechoic.model.UserError;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A parsed JSON object with typed access, in which every miss names the file, the line and the
 * field.
 *
 * <p>Numbers are held as {@code double} or {@code long}, arrays as {@code List}, objects as {@code
 * JsonObject}. A field that is absent or {@code null} was not measured; it is never read as 0.
 */
public final class JsonObject {
  private static final JsonFactory JSON = new JsonFactory();
  private static final String REMEDY =
      "Restore the file, or run the stage that writes it again (docs/run-folder.md has its fields).";

  private final String where;
  private final Map<String, @Nullable Object> fields;

  private JsonObject(String where, Map<String, @Nullable Object> fields) {
    this.where = where;
    this.fields = fields;
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
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw damaged(where, "one JSON object", text, null);
      }
      JsonObject object = object(parser, where);
      if (parser.nextToken() != null) {
        throw damaged(where, "one JSON object and nothing after it", text, null);
      }
      return object;
    } catch (IOException e) {
      throw damaged(where, "valid JSON", text, e);
    }
  }

  /** Renders what {@code body} writes, as one line without a line break. */
  public static String write(Writer body) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
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
    return fields.get(name) != null;
  }

  public String string(String name) {
    return typed(name, String.class, "a string");
  }

  public String string(String name, String fallback) {
    return has(name) ? string(name) : fallback;
  }

  public boolean bool(String name, boolean fallback) {
    return has(name) ? typed(name, Boolean.class, "true or false") : fallback;
  }

  public double number(String name) {
    return typed(name, Number.class, "a number").doubleValue();
  }

  /** The number, or NaN where it was not measured. */
  public double numberOrNaN(String name) {
    return has(name) ? number(name) : Double.NaN;
  }

  public int integer(String name) {
    return Math.toIntExact(longInteger(name));
  }

  public long longInteger(String name) {
    double value = number(name);
    if (value != Math.rint(value) || Math.abs(value) > 1L << 53) {
      throw wrong(name, "a whole number", value);
    }
    return typed(name, Number.class, "a whole number").longValue();
  }

  public JsonObject object(String name) {
    return typed(name, JsonObject.class, "an object");
  }

  public List<JsonObject> objects(String name) {
    List<JsonObject> objects = new ArrayList<>();
    for (Object element : list(name)) {
      if (!(element instanceof JsonObject object)) {
        throw wrong(name, "an array of objects", element);
      }
      objects.add(object);
    }
    return objects;
  }

  public List<String> strings(String name) {
    List<String> strings = new ArrayList<>();
    for (Object element : list(name)) {
      strings.add(String.valueOf(element));
    }
    return strings;
  }

  /** The array of numbers; {@code null} elements become NaN; empty where the field is absent. */
  public double[] numbers(String name) {
    List<@Nullable Object> list = list(name);
    double[] numbers = new double[list.size()];
    for (int i = 0; i < numbers.length; i++) {
      Object element = list.get(i);
      if (element != null && !(element instanceof Number)) {
        throw wrong(name, "an array of numbers", element);
      }
      numbers[i] = element instanceof Number number ? number.doubleValue() : Double.NaN;
    }
    return numbers;
  }

  /** The array, empty where the field is absent. */
  @SuppressWarnings("unchecked")
  public List<@Nullable Object> list(String name) {
    return has(name) ? (List<@Nullable Object>) typed(name, List.class, "an array") : List.of();
  }

  /** The numbers of an object of numbers, empty where the field is absent. */
  public Map<String, Double> numberMap(String name) {
    Map<String, Double> map = new LinkedHashMap<>();
    if (has(name)) {
      JsonObject object = object(name);
      for (String key : object.names()) {
        if (object.has(key)) {
          map.put(key, object.number(key));
        }
      }
    }
    return map;
  }

  /** The raw value: String, Double, Long, Boolean, List, JsonObject or null. */
  public @Nullable Object raw(String name) {
    return fields.get(name);
  }

  /** An error about a field of this object. */
  public UserError wrong(String name, String expected, @Nullable Object found) {
    return UserError.what("A file of the run folder has a wrong field '" + name + "'")
        .where(where)
        .expected(expected)
        .got(found == null ? "no such field" : head(found.toString()))
        .remedy(REMEDY);
  }

  @Override
  public String toString() {
    return "JSON object with fields " + fields.keySet();
  }

  private static UserError damaged(
      String where, String expected, String text, @Nullable Exception cause) {
    UserError.Builder error =
        UserError.what("A file of the run folder is damaged or cut off")
            .where(where)
            .expected(expected)
            .got(head(text));
    if (cause != null) {
      error.cause(cause);
    }
    return error.remedy(REMEDY);
  }

  private <T> T typed(String name, Class<T> type, String expected) {
    Object value = fields.get(name);
    if (!type.isInstance(value)) {
      throw wrong(name, expected, value);
    }
    return type.cast(value);
  }

  private static String head(String text) {
    String line = text.strip().lines().findFirst().orElse("");
    if (line.isEmpty()) {
      return "nothing";
    }
    return line.length() <= 60 ? line : line.substring(0, 57) + "...";
  }

  private static JsonObject object(JsonParser parser, String where) throws IOException {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      fields.put(name, value(parser, where));
    }
    return new JsonObject(where, fields);
  }

  private static @Nullable Object value(JsonParser parser, String where) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(parser, where);
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(parser, where));
        }
        yield list;
      }
      case VALUE_NUMBER_INT -> parser.getLongValue();
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> parser.getText();
    };
  }
}
