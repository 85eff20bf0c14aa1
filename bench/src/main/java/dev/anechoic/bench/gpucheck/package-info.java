/** {@code anechoic gpucheck}: what a person with a GPU runs once. */
@NullMarked
package dev.anechoic.bench.gpucheck;

import org.jspecify.annotations.NullMarked;
