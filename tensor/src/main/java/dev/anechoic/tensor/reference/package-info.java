/** The specification: every kernel as a naive loop in double. */
@org.jspecify.annotations.NullMarked
package dev.anechoic.tensor.reference;
