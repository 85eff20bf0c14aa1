/** Configuration: TOML files read into records whose components carry their own documentation. */
@NullMarked
package dev.anechoic.model.config;

import org.jspecify.annotations.NullMarked;
