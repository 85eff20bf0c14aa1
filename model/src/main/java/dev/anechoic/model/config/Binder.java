package dev.anechoic.model.config;

import dev.anechoic.model.UserError;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Turns a tree of TOML values into records; every mismatch is a {@link UserError} with its place.
 */
final class Binder {
  private final String path;
  private final @Nullable Range range;

  private Binder(String path, @Nullable Range range) {
    this.path = path;
    this.range = range;
  }

  /** Binds a whole record; {@code path} is the dotted key of its table, empty at the top. */
  static Record bind(Class<?> type, Node node, String path) {
    return new Binder(path, null).record(type, node);
  }

  private Object value(Type type, Node node) {
    Class<?> raw = Key.rawClass(type);
    if (raw.isRecord()) {
      return record(raw, node);
    }
    if (raw == Optional.class) {
      return Optional.of(value(Key.argument(type, 0), node));
    }
    if (raw == List.class) {
      return list(type, node);
    }
    if (raw == Map.class) {
      return map(type, node);
    }
    return scalar(type, raw, node);
  }

  private Record record(Class<?> type, Node node) {
    if (!(node instanceof Node.Table(Map<String, Node> entries, String where))) {
      throw mismatch(type, node);
    }
    List<Key> keys = Key.of(type);
    List<String> names = keys.stream().map(Key::name).toList();
    entries.forEach((name, given) -> {
      if (!names.contains(name)) {
        String inTable = path.isEmpty() ? "key" : "key in [" + path + "]";
        for (Moved moved : type.getAnnotationsByType(Moved.class)) {
          if (moved.key().equals(name)) {
            throw UserError.what("Unknown " + inTable + ": '" + name + "'")
                .where(given.where())
                .remedy("Use '" + moved.to() + "'.");
          }
        }
        throw Key.unknown(given.where(), inTable, name, names);
      }
    });
    Object[] values = keys.stream().map(k -> component(k, entries.get(k.name()), where)).toArray();
    return construct(type, values, where);
  }

  /** The value of one key: given on top of its default, default alone, or empty. */
  private @Nullable Object component(Key key, @Nullable Node given, String where) {
    String keyPath = path.isEmpty() ? key.name() : path + "." + key.name();
    Class<?> raw = Key.rawClass(key.type());
    Node fallback = key.declaredDefault();
    Node node = given;
    if (fallback != null) {
      node = given == null ? fallback : raw.isRecord() ? Node.merge(fallback, given) : given;
    }
    if (node != null) {
      return new Binder(keyPath, key.range()).value(key.type(), node);
    }
    if (!key.optional()) {
      throw UserError.what("'" + keyPath + "' is missing and has no default")
          .where(where)
          .expected(Key.describe(key.type()) + ": " + key.doc())
          .remedy("Set it in the file or with --set " + keyPath + "=VALUE.");
    }
    if (raw.isRecord()) {
      return bind(raw, new Node.Table(Map.of(), where), keyPath);
    }
    if (raw == List.class) {
      return List.of();
    }
    return raw == Map.class ? Map.of() : raw == Optional.class ? Optional.empty() : null;
  }

  private Record construct(Class<?> type, @Nullable Object[] values, String where) {
    try {
      Constructor<?> constructor =
          type.getDeclaredConstructor(
              Arrays.stream(type.getRecordComponents())
                  .map(RecordComponent::getType)
                  .toArray(Class<?>[]::new));
      constructor.setAccessible(true);
      return (Record) constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof UserError error) {
        throw error;
      }
      if (e.getCause() instanceof IllegalArgumentException error) {
        throw UserError.what(String.valueOf(error.getMessage()))
            .where(path.isEmpty() ? where : where + ", table [" + path + "]")
            .cause(error)
            .remedy("Change the values of this table.");
      }
      throw new IllegalStateException("constructor of " + type + " failed", e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot construct " + type, e);
    }
  }

  private List<Object> list(Type type, Node node) {
    if (!(node instanceof Node.Items(List<Node> items, _))) {
      throw mismatch(type, node);
    }
    Type element = Key.argument(type, 0);
    List<Object> values = new ArrayList<>();
    for (Node item : items) {
      values.add(new Binder(path + "[" + values.size() + "]", range).value(element, item));
    }
    return List.copyOf(values);
  }

  /** Keeps the order of the file: a report lists the formats as its user wrote them. */
  private Map<Object, Object> map(Type type, Node node) {
    if (!(node instanceof Node.Table(Map<String, Node> entries, _))) {
      throw mismatch(type, node);
    }
    Class<?> keyType = Key.rawClass(Key.argument(type, 0));
    Type valueType = Key.argument(type, 1);
    Map<Object, Object> values = new LinkedHashMap<>();
    entries.forEach((name, item) -> {
      Object key = keyType.isEnum() ? constant(keyType, name, item.where()) : name;
      values.put(key, new Binder(path + "." + name, range).value(valueType, item));
    });
    return Collections.unmodifiableMap(values);
  }

  private Object scalar(Type type, Class<?> raw, Node node) {
    if (!(node instanceof Node.Scalar scalar)) {
      throw mismatch(type, node);
    }
    Object value = scalar.value();
    if (raw == String.class || raw == Path.class) {
      String text = value instanceof String s ? s : scalar.text();
      if (text == null) {
        throw mismatch(type, node);
      }
      return raw == Path.class ? Path.of(text) : text;
    }
    if (raw.isEnum() && value instanceof String name) {
      return constant(raw, name, node.where());
    }
    if ((raw == boolean.class || raw == Boolean.class) && value instanceof Boolean) {
      return value;
    }
    Object number = value instanceof Number n ? number(raw, n) : null;
    if (number == null) {
      throw mismatch(type, node);
    }
    checkRange((Number) number, node);
    return number;
  }

  /**
   * The number in the wanted type, or null where it does not fit. {@code 1e6} counts as a whole
   * number: it is how people write a number of tokens.
   */
  private static @Nullable Object number(Class<?> type, Number value) {
    double asDouble = value.doubleValue();
    if (type == double.class || type == Double.class) {
      return asDouble;
    }
    if (type == float.class || type == Float.class) {
      return (float) asDouble;
    }
    boolean whole = value instanceof Long || asDouble == Math.rint(asDouble);
    if (!whole || Math.abs(asDouble) > Long.MAX_VALUE) {
      return null;
    }
    long asLong = value.longValue();
    if (type == long.class || type == Long.class) {
      return asLong;
    }
    boolean isInt = type == int.class || type == Integer.class;
    return isInt && asLong == (int) asLong ? (Object) (int) asLong : null;
  }

  private void checkRange(Number number, Node node) {
    double value = number.doubleValue();
    if (range != null && !(value >= range.min() && value <= range.max())) {
      throw mismatch(ConfigHelp.describe(range), node);
    }
  }

  private Object constant(Class<?> type, String name, String where) {
    List<String> names = Key.constants(type);
    int index = names.indexOf(name);
    if (index < 0) {
      throw Key.unknown(where, "value of '" + path + "'", name, names);
    }
    return type.getEnumConstants()[index];
  }

  private UserError mismatch(Type type, Node node) {
    return mismatch(Key.describe(type), node);
  }

  private UserError mismatch(String expected, Node node) {
    return UserError.what("'" + path + "' does not take this value")
        .where(node.where())
        .expected(expected)
        .got(node.describe())
        .remedy("Correct the value of '" + path + "'.");
  }
}
