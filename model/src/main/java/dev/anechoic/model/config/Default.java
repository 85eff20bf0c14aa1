package dev.anechoic.model.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The value that a configuration key has when no file sets it, written as a TOML value: {@code
 * "1e-3"}, {@code "[0.9, 0.95]"}, {@code "{ code = { share = 0.5 } }"}. A bare word is a string, so
 * an enum constant or a name needs no quotes.
 *
 * <p>On a component that is itself a record, an inline table overrides single defaults of that
 * record.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
  String value();
}
