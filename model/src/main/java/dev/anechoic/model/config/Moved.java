package dev.anechoic.model.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A key that a table does not have, though people look for it there, and the one to use. It makes
 * the error for an unknown key name a key of another table, which no edit distance would find.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@Repeatable(Moved.All.class)
public @interface Moved {
  /** The key as it is looked for in this table. */
  String key();

  /** The key to use, dotted, from the top of the configuration. */
  String to();

  /** All of a table. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.TYPE)
  @interface All {
    Moved[] value();
  }
}
