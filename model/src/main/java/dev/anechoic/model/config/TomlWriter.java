package dev.anechoic.model.config;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;

/** Writes a record as TOML: plain keys first, then its tables, each key under its doc. */
final class TomlWriter {
  private final StringBuilder out = new StringBuilder();

  String document(Record record) {
    table(record, "");
    return out.toString();
  }

  private void table(Record record, String path) {
    List<Key> keys = Key.of(record.getClass());
    for (Key key : keys) {
      Object value = unwrap(key.read(record));
      if (!isTable(value)) {
        plain(key, value);
      }
    }
    for (Key key : keys) {
      Object value = unwrap(key.read(record));
      if (isTable(value)) {
        subtable(value, join(path, key.name()), key.doc());
      }
    }
  }

  private void plain(Key key, @Nullable Object value) {
    if (!key.doc().isEmpty()) {
      out.append("# ").append(key.doc()).append('\n');
    }
    if (value == null) {
      out.append("# ").append(key.name()).append(" is not set\n");
    } else {
      out.append(key.name()).append(" = ").append(inline(value)).append('\n');
    }
  }

  private void subtable(@Nullable Object value, String path, String doc) {
    switch (value) {
      case Record record -> {
        header("[" + path + "]", doc);
        table(record, path);
      }
      case Map<?, ?> map -> {
        header("[" + path + "]", doc);
        map.forEach((key, item) -> {
          if (!isTable(item)) {
            out.append(name(key)).append(" = ").append(inline(item)).append('\n');
          }
        });
        map.forEach((key, item) -> {
          if (isTable(item)) {
            subtable(item, join(path, name(key)), "");
          }
        });
      }
      case List<?> records -> {
        for (Object record : records) {
          header("[[" + path + "]]", doc);
          table((Record) record, path);
        }
      }
      case null, default -> throw new IllegalArgumentException("not a table: " + value);
    }
  }

  private void header(String header, String doc) {
    out.append(out.isEmpty() ? "" : "\n");
    if (!doc.isEmpty()) {
      out.append("# ").append(doc).append('\n');
    }
    out.append(header).append('\n');
  }

  /** Whether the value needs a header of its own; an empty list of records is written inline. */
  private static boolean isTable(@Nullable Object value) {
    return value instanceof Record
        || value instanceof Map<?, ?>
        || (value instanceof List<?> list && !list.isEmpty() && list.getFirst() instanceof Record);
  }

  private static @Nullable Object unwrap(@Nullable Object value) {
    return value instanceof Optional<?> optional ? optional.orElse(null) : value;
  }

  private static String join(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /** A key of a map, quoted where TOML asks for it. */
  private static String name(Object key) {
    String text = key instanceof Enum<?> e ? e.name().toLowerCase(Locale.ROOT) : key.toString();
    return Toml.joinKeyPath(List.of(text));
  }

  /** A value on one line. */
  static String inline(Object value) {
    return switch (value) {
      case Double d -> number(d, d.toString());
      case Float f -> number(f, f.toString());
      case Number n -> n.toString();
      case Boolean b -> b.toString();
      case Enum<?> e -> '"' + e.name().toLowerCase(Locale.ROOT) + '"';
      case List<?> list ->
          "[" + String.join(", ", list.stream().map(TomlWriter::inline).toList()) + "]";
      default -> '"' + Toml.tomlEscape(value.toString()).toString() + '"';
    };
  }

  /** Java writes 1.0E-4 where people write 1e-4; the digits, and so the value, are the same. */
  private static String number(double value, String digits) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    return digits.replace(".0E", "e").replace('E', 'e');
  }
}
