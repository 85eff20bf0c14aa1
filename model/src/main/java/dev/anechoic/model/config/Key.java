package dev.anechoic.model.config;

import dev.anechoic.model.UserError;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One key of a table: the record component behind it and what its annotations say. */
record Key(String name, RecordComponent component) {

  /** The keys of a record in the order of its declaration. */
  static List<Key> of(Class<?> type) {
    return Arrays.stream(type.getRecordComponents()).map(c -> new Key(snakeCase(c), c)).toList();
  }

  /** {@code weightDecay} is {@code weight_decay} in a file. */
  private static String snakeCase(RecordComponent component) {
    return component.getName().replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
  }

  Type type() {
    return component.getGenericType();
  }

  String doc() {
    Doc doc = component.getAnnotation(Doc.class);
    return doc == null ? "" : doc.value();
  }

  @Nullable Range range() {
    return component.getAnnotation(Range.class);
  }

  /** The default as a tree, or null where the annotation is missing. */
  @Nullable Node declaredDefault() {
    Default value = component.getAnnotation(Default.class);
    return value == null ? null : Node.ofText(value.value(), "default of '" + name + "'");
  }

  /**
   * Refuses entries that overrides have made without saying what they are; see {@link
   * NewEntryNeeds}.
   *
   * @param files the document without overrides
   * @param all the document with them
   */
  void checkNewEntries(Node files, Node all) {
    NewEntryNeeds needs = component.getAnnotation(NewEntryNeeds.class);
    if (needs == null) {
      return;
    }
    Map<String, Node> before = entries(files);
    Map<String, Node> known = before.isEmpty() ? Node.entriesOf(declaredDefault()) : before;
    entries(all)
        .forEach((entry, node) -> {
          if (!known.containsKey(entry) && !Node.entriesOf(node).containsKey(needs.value())) {
            List<String> names = List.copyOf(known.keySet());
            String nearest = EditDistance.nearest(entry, names);
            String path = name + "." + entry + "." + needs.value();
            throw UserError.what("There is no '" + entry + "' in [" + name + "]")
                .where(node.where())
                .expected("one of " + String.join(", ", names) + ", or a new one with its " + path)
                .remedy(
                    (nearest == null ? "" : "Did you mean '" + nearest + "'? ")
                        + "A new one needs --set "
                        + path
                        + "=VALUE as well.");
          }
        });
  }

  private Map<String, Node> entries(Node document) {
    return Node.entriesOf(Node.entriesOf(document).get(name));
  }

  /** Whether the key may be left out although it has no default. */
  boolean optional() {
    Class<?> raw = rawClass(type());
    return raw == Optional.class
        || raw == List.class
        || raw == Map.class
        || raw.isRecord()
        || component.getAnnotatedType().isAnnotationPresent(Nullable.class);
  }

  /** The value of this component in a record. */
  @Nullable Object read(Record record) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }

  static Class<?> rawClass(Type type) {
    return switch (type) {
      case Class<?> c -> c;
      case ParameterizedType p -> rawClass(p.getRawType());
      default -> throw new IllegalArgumentException("unsupported configuration type " + type);
    };
  }

  /** The n-th type argument: the element of a list, the key (0) and value (1) of a map. */
  static Type argument(Type type, int n) {
    return ((ParameterizedType) type).getActualTypeArguments()[n];
  }

  /** How a person would name what is expected there. */
  static String describe(Type type) {
    Class<?> raw = rawClass(type);
    if (raw == List.class) {
      return "list of " + describe(argument(type, 0));
    }
    if (raw == Map.class) {
      return "table of " + describe(argument(type, 1));
    }
    if (raw == Optional.class) {
      return describe(argument(type, 0));
    }
    if (raw.isEnum()) {
      return "one of " + String.join(", ", constants(raw));
    }
    if (raw.isRecord()) {
      return "table";
    }
    if (raw == int.class || raw == long.class || raw == Integer.class || raw == Long.class) {
      return "whole number";
    }
    if (raw == double.class || raw == float.class || raw == Double.class || raw == Float.class) {
      return "number";
    }
    if (raw == boolean.class || raw == Boolean.class) {
      return "true or false";
    }
    if (raw == Path.class) {
      return "path";
    }
    if (raw == String.class) {
      return "string";
    }
    throw new IllegalArgumentException("unsupported configuration type " + type);
  }

  /** The names under which the constants of an enum are written: lower case. */
  static List<String> constants(Class<?> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(constant -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT))
        .toList();
  }

  /** The error for a name that is none of the known ones. */
  static UserError unknown(String where, String what, String name, List<String> known) {
    String nearest = EditDistance.nearest(name, known);
    return UserError.what("Unknown " + what + ": '" + name + "'")
        .where(where)
        .expected("one of " + String.join(", ", known))
        .remedy(nearest == null ? "Use one of these." : "Did you mean '" + nearest + "'?");
  }
}
