package dev.anechoic.model.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import dev.anechoic.model.UserError;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value together with its place ({@code config.json: rope.theta}), so that a missing or
 * mistyped field is one clear error. For small documents; rows of data go through {@link
 * JsonLines}.
 *
 * <p>Plain values are {@code Map<String, ?>} in the order of the document, {@code List<?>}, {@code
 * String}, {@code Boolean}, {@code Long}, {@code BigInteger}, {@code Double} and null.
 */
public final class Json {
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
          .build();

  private final @Nullable Object value;
  private final String place;
  private final String path;

  private Json(@Nullable Object value, String place, String path) {
    this.value = value;
    this.place = place;
    this.path = path;
  }

  // ---------------------------------------------------------------- reading

  /**
   * Reads a file.
   *
   * @throws UserError where it cannot be read or is no JSON
   */
  public static Json read(Path file) {
    try {
      return parse(Files.readString(file), file.toString());
    } catch (IOException e) {
      throw FileErrors.reading(file, e);
    }
  }

  /**
   * Reads a text; {@code place} names it in errors.
   *
   * @throws UserError where it is no JSON, or something follows the value
   */
  public static Json parse(String text, String place) {
    // some editors put a byte order mark before the text
    String body = text.startsWith("\uFEFF") ? text.substring(1) : text;
    try (JsonParser parser = FACTORY.createParser(body)) {
      parser.nextToken();
      Json json = new Json(plain(parser), place, "");
      if (parser.nextToken() != null) {
        throw malformed(
            place, parser.currentLocation().getColumnNr(), "text after the value", null);
      }
      return json;
    } catch (JsonProcessingException e) {
      long line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
      long column = e.getLocation() == null ? 1 : e.getLocation().getColumnNr();
      String at = line > 1 ? place + ":" + line : place;
      throw malformed(at, column, e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A plain value made by the program, with the same access as one that was read. */
  public static Json of(@Nullable Object value, String place) {
    return new Json(value, place, "");
  }

  /** Jackson's note on where an object began, which names the setting that hides the text. */
  private static final String JACKSONS_SOURCE = " \\(start marker at \\[Source: .*?]\\)";

  private static UserError malformed(
      String place, long column, String why, @Nullable Throwable cause) {
    String first = why.lines().findFirst().orElse(why).replaceFirst(JACKSONS_SOURCE, "");
    var error = UserError.what("Malformed JSON: " + first);
    error.where(place + ", column " + column);
    if (cause != null) {
      error.cause(cause);
    }
    return error.remedy("Correct the text at this place, or remove the line.");
  }

  private static @Nullable Object plain(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> entries = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String key = parser.currentName();
          parser.nextToken();
          entries.put(key, plain(parser));
        }
        yield entries;
      }
      case START_ARRAY -> {
        List<@Nullable Object> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(plain(parser));
        }
        yield items;
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> integer(parser);
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      case null, default -> throw new JsonEnd(parser);
    };
  }

  private static Object integer(JsonParser parser) throws IOException {
    Number number = parser.getNumberValue();
    return number instanceof BigInteger big ? big : (Object) number.longValue();
  }

  /** An empty document: Jackson itself takes it for a sequence of no values. */
  private static final class JsonEnd extends JsonProcessingException {
    private static final long serialVersionUID = 1L;

    JsonEnd(JsonParser parser) {
      super("the text ends where a value should be", parser.currentLocation());
    }
  }

  // ---------------------------------------------------------------- looking inside

  /** The plain value; null for JSON's null. */
  public @Nullable Object value() {
    return value;
  }

  /** Where this value was read, for errors: the document and the path inside. */
  public String where() {
    return path.isEmpty() ? place : place + ": " + path;
  }

  public boolean isNull() {
    return value == null;
  }

  public boolean isString() {
    return value instanceof String;
  }

  public boolean isArray() {
    return value instanceof List;
  }

  public boolean isObject() {
    return value instanceof Map;
  }

  /** Whether the object has this key with a value other than null. */
  public boolean has(String key) {
    return object().get(key) != null;
  }

  /** The value under a key; a missing key is an error. */
  public Json get(String key) {
    Map<?, ?> entries = object();
    if (!entries.containsKey(key)) {
      throw UserError.what("The key '" + key + "' is missing")
          .where(where())
          .got(
              "keys " + String.join(", ", entries.keySet().stream().map(Object::toString).toList()))
          .remedy("Add the key.");
    }
    return child(key, entries.get(key));
  }

  /** The value under a key, or null where the key is missing or its value is JSON's null. */
  public @Nullable Json find(String key) {
    Object found = object().get(key);
    return found == null ? null : child(key, found);
  }

  /** The elements of an array. */
  public List<Json> items() {
    if (!(value instanceof List<?> list)) {
      throw mismatch("an array");
    }
    List<Json> items = new ArrayList<>(list.size());
    for (Object item : list) {
      items.add(new Json(item, place, path + "[" + items.size() + "]"));
    }
    return items;
  }

  /** The entries of an object in the order of the document. */
  public Map<String, Json> entries() {
    Map<String, Json> entries = new LinkedHashMap<>();
    object().forEach((key, item) -> entries.put((String) key, child((String) key, item)));
    return entries;
  }

  public String string() {
    if (value instanceof String s) {
      return s;
    }
    throw mismatch("a string");
  }

  public boolean bool() {
    if (value instanceof Boolean b) {
      return b;
    }
    throw mismatch("true or false");
  }

  /** The value as a whole number in the range of an int. */
  public int intValue() {
    long number = longValue();
    if (number != (int) number) {
      throw mismatch("a whole number of at most 32 bits");
    }
    return (int) number;
  }

  public long longValue() {
    return switch (value) {
      case Long number -> number;
      case Integer number -> number;
      case Double number when number == Math.rint(number) && Math.abs(number) < 0x1p53 ->
          number.longValue();
      case null, default -> throw mismatch("a whole number");
    };
  }

  public double doubleValue() {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw mismatch("a number");
  }

  /** The error for a value of the wrong kind: says where, what was expected and what is there. */
  public UserError mismatch(String expected) {
    return UserError.what("The JSON value does not fit")
        .where(where())
        .expected(expected)
        .got(describe())
        .remedy("Correct the value.");
  }

  private String describe() {
    return switch (value) {
      case null -> "null";
      case Map<?, ?> m -> "an object of " + m.size() + " keys";
      case List<?> l -> "an array of " + l.size();
      case String s -> "the string " + (s.length() <= 60 ? s : s.substring(0, 60) + "...");
      default -> value.toString();
    };
  }

  private Map<?, ?> object() {
    if (value instanceof Map<?, ?> entries) {
      return entries;
    }
    throw mismatch("an object");
  }

  private Json child(String key, @Nullable Object item) {
    return new Json(item, place, path.isEmpty() ? key : path + "." + key);
  }

  // ---------------------------------------------------------------- writing

  /**
   * The text of a plain value on lines indented by two spaces, as the Hugging Face tools write
   * theirs; equal values give equal texts.
   */
  public static String pretty(@Nullable Object value) {
    var indent = new DefaultIndenter("  ", "\n");
    Separators separators =
        Separators.createDefaultInstance()
            .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
            .withObjectEmptySeparator("")
            .withArrayEmptySeparator("");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(separators).withArrayIndenter(indent).withObjectIndenter(indent);
    return text(value, printer);
  }

  /** The text of a plain value on one line without spaces. */
  public static String compact(@Nullable Object value) {
    return text(value, null);
  }

  private static String text(@Nullable Object value, @Nullable DefaultPrettyPrinter printer) {
    StringWriter out = new StringWriter();
    try (JsonGenerator generator = generator(out)) {
      if (printer != null) {
        generator.setPrettyPrinter(printer);
      }
      write(generator, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString();
  }

  /** Replaces a file by the pretty text of a value and a line end, atomically. */
  public static void write(Path file, @Nullable Object value) {
    AtomicFiles.write(file, (pretty(value) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  static JsonGenerator generator(Writer out) throws IOException {
    JsonGenerator generator = FACTORY.createGenerator(out);
    generator.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    generator.disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM);
    return generator;
  }

  /** Writes a plain value; primitive arrays and floats keep every digit that they need. */
  static void write(JsonGenerator out, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> out.writeNull();
      case Json json -> write(out, json.value());
      case String s -> out.writeString(s);
      case Boolean b -> out.writeBoolean(b);
      case Integer i -> out.writeNumber(i);
      case Long l -> out.writeNumber(l);
      case BigInteger big -> out.writeNumber(big);
      case Float f -> writeReal(out, f, f.toString());
      case Double d -> writeReal(out, d, d.toString());
      case Enum<?> e -> out.writeString(e.name().toLowerCase(Locale.ROOT));
      case Path p -> out.writeString(p.toString());
      case Map<?, ?> map -> {
        out.writeStartObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.writeFieldName(String.valueOf(entry.getKey()));
          write(out, entry.getValue());
        }
        out.writeEndObject();
      }
      case Collection<?> items -> {
        out.writeStartArray();
        for (Object item : items) {
          write(out, item);
        }
        out.writeEndArray();
      }
      case int[] a -> writeArray(out, a.length, i -> a[i]);
      case long[] a -> writeArray(out, a.length, i -> a[i]);
      case float[] a -> writeArray(out, a.length, i -> a[i]);
      case double[] a -> writeArray(out, a.length, i -> a[i]);
      default -> throw new IllegalArgumentException("no JSON for " + value.getClass());
    }
  }

  private static void writeArray(JsonGenerator out, int length, IntFunction<Object> item)
      throws IOException {
    out.writeStartArray();
    for (int i = 0; i < length; i++) {
      write(out, item.apply(i));
    }
    out.writeEndArray();
  }

  /** JSON has no NaN and no infinity: null stands for "no number". */
  private static void writeReal(JsonGenerator out, double value, String digits) throws IOException {
    if (Double.isFinite(value)) {
      out.writeNumber(digits);
    } else {
      out.writeNull();
    }
  }
}
