package dev.anechoic.model.format;

import java.util.ArrayList;
import java.util.List;

/** The formats that come with the lab. */
public final class Formats {

  private Formats() {}

  /** Code, tool, text, annotated, symbolic, in this order; code without docstring. */
  public static List<Format> all() {
    return all(false);
  }

  /**
   * @param docstring whether code restates the question
   */
  public static List<Format> all(boolean docstring) {
    return List.of(
        new CodeFormat(docstring),
        new ToolFormat(),
        new TextFormat(),
        new AnnotatedFormat(),
        new SymbolicFormat());
  }

  /**
   * The formats of these names, in their order.
   *
   * @throws IllegalArgumentException for an unknown name, naming the known ones
   */
  public static List<Format> named(List<String> names, boolean docstring) {
    List<Format> result = new ArrayList<>();
    for (String name : names) {
      result.add(named(name, docstring));
    }
    return result;
  }

  private static Format named(String name, boolean docstring) {
    List<Format> all = all(docstring);
    for (Format format : all) {
      if (format.name().equals(name)) {
        return format;
      }
    }
    String known = String.join(", ", all.stream().map(Format::name).toList());
    throw new IllegalArgumentException("unknown format '" + name + "': expected one of " + known);
  }
}
