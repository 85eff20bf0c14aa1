package dev.anechoic.model.python;

import org.jspecify.annotations.Nullable;

/**
 * A token of the source.
 *
 * @param value of a number or a string; null otherwise
 */
record Token(Kind kind, String text, int line, @Nullable Object value) {

  enum Kind {
    NAME,
    NUMBER,
    STRING,
    FORMATTED,
    OPERATOR,
    NEWLINE,
    INDENT,
    DEDENT,
    END
  }

  boolean is(String expected) {
    return (kind == Kind.OPERATOR || kind == Kind.NAME) && text.equals(expected);
  }
}
