package dev.anechoic.model.config;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The table of keys, defaults and docs that a user sees. */
final class ConfigHelp {
  private record Row(String key, String fallback, String doc) {}

  private final List<Row> rows = new ArrayList<>();

  private ConfigHelp() {}

  static String of(Class<? extends Record> type) {
    ConfigHelp help = new ConfigHelp();
    help.keys(type, "", null);
    int keyWidth = help.rows.stream().mapToInt(r -> r.key().length()).max().orElse(0);
    int valueWidth = help.rows.stream().mapToInt(r -> r.fallback().length()).max().orElse(0);
    StringBuilder out = new StringBuilder();
    for (Row row : help.rows) {
      String line = "%-" + keyWidth + "s  %-" + Math.min(valueWidth, 24) + "s  %s";
      out.append(line.formatted(row.key(), row.fallback(), row.doc()).stripTrailing()).append('\n');
    }
    return out.toString();
  }

  /** Adds the keys of a record; {@code above} holds defaults that its parent gives it. */
  private void keys(Class<?> type, String path, @Nullable Node above) {
    Map<String, Node> given = above instanceof Node.Table t ? t.entries() : Map.of();
    for (Key key : Key.of(type)) {
      Node fallback = given.getOrDefault(key.name(), key.declaredDefault());
      String name = path + key.name();
      Class<?> nested = tableType(key.type());
      if (nested == null) {
        rows.add(new Row(name, text(key, fallback), doc(key)));
        continue;
      }
      Class<?> raw = Key.rawClass(key.type());
      String placeholder = raw == Map.class ? ".NAME" : raw == List.class ? "[]" : "";
      rows.add(new Row("[" + name + placeholder + "]", "", doc(key)));
      keys(nested, name + placeholder + ".", raw.isRecord() ? fallback : null);
    }
  }

  /** The record behind a table, a map or a list of tables; null for plain values. */
  private static @Nullable Class<?> tableType(Type type) {
    Class<?> raw = Key.rawClass(type);
    if (raw == Map.class) {
      return tableType(Key.argument(type, 1));
    }
    if (raw == List.class || raw == Optional.class) {
      return tableType(Key.argument(type, 0));
    }
    return raw.isRecord() ? raw : null;
  }

  private static String text(Key key, @Nullable Node fallback) {
    if (fallback != null) {
      return text(fallback);
    }
    return key.optional() ? "-" : "(required)";
  }

  private static String text(Node node) {
    return switch (node) {
      case Node.Scalar(String word, _, _) -> word;
      case Node.Scalar(_, String text, _) when text != null -> text;
      case Node.Scalar(Object value, _, _) -> TomlWriter.inline(value);
      case Node.Items list ->
          "[" + String.join(", ", list.items().stream().map(ConfigHelp::text).toList()) + "]";
      case Node.Table table ->
          "{ "
              + String.join(
                  ", ",
                  table.entries().entrySet().stream()
                      .map(e -> e.getKey() + " = " + text(e.getValue()))
                      .toList())
              + " }";
    };
  }

  private static String doc(Key key) {
    StringBuilder doc = new StringBuilder(key.doc());
    Class<?> raw = Key.rawClass(key.type());
    if (raw.isEnum()) {
      doc.append(" (").append(Key.describe(key.type())).append(')');
    }
    Range range = key.range();
    if (range != null) {
      doc.append(" (").append(describe(range)).append(')');
    }
    return doc.toString().strip();
  }

  /** An interval as a person would say it. */
  static String describe(Range range) {
    String min = TomlWriter.inline(range.min()).replaceAll("\\.0$", "");
    String max = TomlWriter.inline(range.max()).replaceAll("\\.0$", "");
    if (range.max() == Double.POSITIVE_INFINITY) {
      return "at least " + min;
    }
    return range.min() == Double.NEGATIVE_INFINITY ? "at most " + max : min + " to " + max;
  }
}
