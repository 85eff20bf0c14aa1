package dev.anechoic.model.config;

import static java.util.Objects.requireNonNull;

import dev.anechoic.model.UserError;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/**
 * A value of a configuration together with the place it came from, so that every error can name
 * file and line even after several files, overrides and defaults were merged.
 */
sealed interface Node {

  /** Where the value was written: {@code file:line}, {@code --set}, or a default. */
  String where();

  record Table(Map<String, Node> entries, String where) implements Node {}

  record Items(List<Node> items, String where) implements Node {}

  /**
   * A string, number, boolean or date. {@code text} is the value as it was typed in an override or
   * a default, where quotes may be left out: {@code --set name=007} means the string "007" where a
   * string is expected. It is null for values from a file, which TOML types by itself.
   */
  record Scalar(Object value, @Nullable String text, String where) implements Node {}

  /** Reads a whole document; {@code name} stands in errors. */
  static Table ofDocument(String toml, String name) {
    TomlParseResult result = Toml.parse(toml);
    if (result.hasErrors()) {
      var error = result.errors().getFirst();
      throw UserError.what("Not valid TOML: " + error.getMessage())
          .where(name + ":" + error.position().line())
          .remedy("Mend this line; strings need quotes, see toml.io for the format.");
    }
    return table(result, name, true);
  }

  /** Reads one value; what is no TOML value is a string, so that bare words need no quotes. */
  static Node ofText(String text, String where) {
    TomlParseResult result = Toml.parse("value = " + text);
    if (result.hasErrors() || result.size() != 1) {
      return new Scalar(text, text, where);
    }
    Node node = requireNonNull(table(result, where, false).entries().get("value"));
    return node instanceof Scalar(Object value, _, _) ? new Scalar(value, text, where) : node;
  }

  /** Reads an override {@code a.b=value}. */
  static Table ofOverride(String override) {
    String where = "--set " + override;
    int equals = override.indexOf('=');
    List<String> path;
    try {
      path = Toml.parseDottedKey(override.substring(0, Math.max(equals, 0)).strip());
    } catch (IllegalArgumentException e) {
      throw UserError.what("An override without a valid key")
          .where(where)
          .expected("KEY=VALUE with a dotted key")
          .cause(e)
          .remedy("Write for instance --set optimizer.lr=1e-3.");
    }
    Node node = ofText(override.substring(equals + 1).strip(), where);
    for (String key : path.reversed()) {
      node = new Table(Map.of(key, node), where);
    }
    return (Table) node;
  }

  /** Puts {@code over} on top of {@code base}: tables merge key by key, all else is replaced. */
  static Node merge(Node base, Node over) {
    if (!(base instanceof Table(var below, _)) || !(over instanceof Table(var above, var where))) {
      return over;
    }
    Map<String, Node> merged = new LinkedHashMap<>(below);
    above.forEach((key, node) -> merged.merge(key, node, Node::merge));
    return new Table(merged, where);
  }

  /** The entries of a table; none of anything else. */
  static Map<String, Node> entriesOf(@Nullable Node node) {
    return node instanceof Table(Map<String, Node> entries, _) ? entries : Map.of();
  }

  /** How a person would name this value in "expected ..., got ...". */
  default String describe() {
    return switch (this) {
      case Table _ -> "a table";
      case Items items -> "a list of " + items.items().size();
      case Scalar(String s, _, _) -> "the string \"" + s + "\"";
      case Scalar(Object value, _, _) -> value.toString();
    };
  }

  private static Table table(TomlTable table, String name, boolean lines) {
    Map<String, Node> entries = new LinkedHashMap<>();
    for (String key : table.keySet()) {
      List<String> path = List.of(key);
      var position = lines ? table.inputPositionOf(path) : null;
      Object value = requireNonNull(table.get(path));
      entries.put(key, node(value, name, position == null ? 0 : position.line()));
    }
    return new Table(entries, name);
  }

  private static Node node(Object value, String name, int line) {
    String where = line > 0 ? name + ":" + line : name;
    return switch (value) {
      case TomlTable t -> new Table(table(t, name, line > 0).entries(), where);
      case TomlArray a -> {
        List<Node> items = new ArrayList<>();
        for (int i = 0; i < a.size(); i++) {
          items.add(
              node(a.get(i), name, line > 0 ? requireNonNull(a.inputPositionOf(i)).line() : 0));
        }
        yield new Items(items, where);
      }
      default -> new Scalar(value, null, where);
    };
  }
}
