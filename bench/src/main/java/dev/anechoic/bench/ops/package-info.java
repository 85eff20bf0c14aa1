/** The op table as benchmarks. */
@NullMarked
package dev.anechoic.bench.ops;

import org.jspecify.annotations.NullMarked;
