package dev.anechoic.model.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a map of tables: the key that says what an entry is. Overrides make a new entry only together
 * with it; without it, the name is taken for a typing error. A file may leave it to its default.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface NewEntryNeeds {
  String value();
}
