/**
 * The specification: every kernel as a naive loop in double.
 *
 * <p>One interface per family of kernels holds the loops as default methods; {@code
 * ReferenceBackend} joins them and adds the memory. Nothing here is tuned.
 */
@org.jspecify.annotations.NullMarked
package dev.anechoic.tensor.reference;
