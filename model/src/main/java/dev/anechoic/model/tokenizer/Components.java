package dev.anechoic.model.tokenizer;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** What the readers of the parts of a {@code tokenizer.json} share. */
final class Components {
  /**
   * Java's flags for the meaning that Oniguruma, the engine behind these files, gives a pattern:
   * Unicode classes, {@code ^} and {@code $} at every line, {@code \n} as the only line end.
   */
  private static final int FLAGS =
      Pattern.UNICODE_CHARACTER_CLASS
          | Pattern.UNICODE_CASE
          | Pattern.MULTILINE
          | Pattern.UNIX_LINES;

  private static final Pattern SCRIPT = Pattern.compile("(\\\\[pP]\\{\\^?)([A-Z][a-z]{2,}\\})");

  private Components() {}

  /** The error for a kind of component that this reader does not know. */
  static UserError unsupported(Json component, String supported) {
    return UserError.what(
            "The tokenizer component '" + component.get("type").string() + "' is not supported")
        .where(component.where())
        .expected("one of " + supported)
        .remedy("Use a tokenizer.json built from these components.");
  }

  /** An option that may be absent but must not have another value than this. */
  static void requireFlag(Json component, String key, boolean fallback, boolean required) {
    if (flag(component, key, fallback) != required) {
      throw UserError.what("The tokenizer option '" + key + "' is not supported with this value")
          .where(component.where())
          .expected(required)
          .got(!required)
          .remedy("Use a tokenizer.json without this option.");
    }
  }

  static boolean flag(Json component, String key, boolean fallback) {
    Json value = component.find(key);
    return value == null ? fallback : value.bool();
  }

  /** Reads {@code {"String": "literal"}} or {@code {"Regex": "expression"}}. */
  static Pattern pattern(Json pattern) {
    if (pattern.isString()) {
      return Pattern.compile(pattern.string(), Pattern.LITERAL);
    }
    Json literal = pattern.find("String");
    if (literal != null) {
      return Pattern.compile(literal.string(), Pattern.LITERAL);
    }
    return regex(pattern.get("Regex"));
  }

  private static Pattern regex(Json json) {
    String regex = json.string();
    if (regex.contains("[[:") || regex.contains("\\h") || regex.contains("\\H")) {
      throw badPattern(json, "POSIX brackets and \\h mean something else here");
    }
    try {
      return Pattern.compile(SCRIPT.matcher(regex).replaceAll("$1Is$2"), FLAGS);
    } catch (PatternSyntaxException e) {
      throw badPattern(json, e.getDescription());
    }
  }

  private static UserError badPattern(Json json, String why) {
    return UserError.what("The tokenizer's regular expression cannot be used: " + why)
        .where(json.where())
        .got(json.string())
        .remedy("Use a tokenizer.json with another pattern.");
  }
}
