package dev.anechoic.model.config;

import dev.anechoic.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads TOML into a record and writes a record as TOML.
 *
 * <p>A record is a table; each component is a key in snake_case with its {@link Doc}, its {@link
 * Default} and, for numbers, its {@link Range}:
 *
 * {@snippet :
 * public record Optimizer(
 *     @Doc("peak learning rate") @Default("1e-3") @Range(min = 0) double lr,
 *     @Doc("decay rates of both moments") @Default("[0.9, 0.95]") List<Double> betas) {}
 * }
 *
 * <p>Types: {@code int}, {@code long}, {@code float}, {@code double}, {@code boolean}, {@link
 * String}, {@link Path}, enums (constants by lower-case name), records (tables), {@code List},
 * {@code Map} with string or enum keys (tables whose keys the user chooses, such as {@code
 * [formats.code]}), {@code Optional}, and {@code @Nullable} references. A key without a default
 * must be given, unless it is a record, a list, a map, an {@code Optional} or {@code @Nullable}. A
 * compact constructor may refuse a combination with an {@link IllegalArgumentException}; its
 * message reaches the user with file and line.
 *
 * <p>Values come from, in rising order: defaults, the file named by {@code extends = "base.toml"}
 * (relative to the file that says so), the file, the overrides. Tables merge key by key; lists are
 * replaced; the default of a map counts only where the map is not given at all.
 */
public final class Config {
  private static final String EXTENDS = "extends";

  private Config() {}

  /**
   * Reads a configuration.
   *
   * @param file the TOML file, or null for defaults and overrides alone
   * @param overrides {@code a.b=value} each; the value is TOML, a bare word is a string
   * @throws UserError naming file, line and remedy for whatever is wrong with the input
   */
  public static <R extends Record> R load(
      Class<R> type, @Nullable Path file, List<String> overrides) {
    Node tree =
        file == null
            ? new Node.Table(Map.of(), "defaults")
            : readFile(file.normalize(), new LinkedHashSet<>());
    Node files = tree;
    for (String override : overrides) {
      tree = Node.merge(tree, Node.ofOverride(override));
    }
    for (Key key : Key.of(type)) {
      key.checkNewEntries(files, tree);
    }
    return type.cast(Binder.bind(type, tree, ""));
  }

  /** Reads a configuration from TOML text; {@code name} stands for the file in errors. */
  public static <R extends Record> R parse(Class<R> type, String toml, String name) {
    return type.cast(Binder.bind(type, Node.ofDocument(toml, name), ""));
  }

  /** The record that an empty file gives. */
  public static <R extends Record> R defaults(Class<R> type) {
    return load(type, null, List.of());
  }

  /** Writes every key with its value, its doc above it; {@link #parse} gives an equal record. */
  public static String toToml(Record record) {
    return new TomlWriter().document(record);
  }

  /** Lists every key with its default and its doc, as text for a terminal. */
  public static String help(Class<? extends Record> type) {
    return ConfigHelp.of(type);
  }

  /** Reads a file on top of the one that it extends; {@code seen} holds the files on the way. */
  private static Node readFile(Path file, Set<Path> seen) {
    if (!seen.add(file)) {
      throw UserError.what("'extends' goes round in a circle")
          .where(file)
          .got(seen)
          .remedy("Let one of these files not extend another.");
    }
    Node.Table table = Node.ofDocument(readText(file), file.toString());
    Map<String, Node> entries = new LinkedHashMap<>(table.entries());
    Node base = entries.remove(EXTENDS);
    Node own = new Node.Table(entries, table.where());
    return switch (base) {
      case null -> own;
      case Node.Scalar(String name, _, _) ->
          Node.merge(readFile(file.resolveSibling(name).normalize(), seen), own);
      default ->
          throw UserError.what("'extends' does not take this value")
              .where(base.where())
              .expected("the path of a TOML file, relative to this one")
              .got(base.describe())
              .remedy("Write for instance extends = \"base.toml\".");
    };
  }

  private static String readText(Path file) {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw UserError.what("There is no such configuration file")
          .where(file)
          .cause(e)
          .remedy("Give the path of a TOML file.");
    } catch (IOException e) {
      throw UserError.what("The configuration cannot be read: " + e)
          .where(file)
          .cause(e)
          .remedy("Check that it is a readable UTF-8 file.");
    }
  }
}
