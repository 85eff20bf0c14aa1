/**
 * The op table and what it drives: conformance of a backend, gradient checks, and the page of ops.
 *
 * <p>Part of the main code and free of any test framework, so that other modules, benchmarks and
 * the command line run the same cases.
 */
@NullMarked
package dev.anechoic.tensor.spec;

import org.jspecify.annotations.NullMarked;
