/**
 * The transformer: configuration, parameters in one flat tensor, forward pass, cache, value head.
 */
@org.jspecify.annotations.NullMarked
package dev.anechoic.model.transformer;
