/**
 * Output formats: one class per format renders a problem, recognises a completion and verifies its
 * answer. {@link dev.anechoic.model.format.FormatClassifier} puts every completion into exactly one
 * class of (format or none) x (well-formed, truncated, mixed, none).
 */
@NullMarked
package dev.anechoic.model.format;

import org.jspecify.annotations.NullMarked;
