/** This engine against other libraries, each in a process of its own, in rounds that interleave. */
@NullMarked
package dev.anechoic.bench.peer;

import org.jspecify.annotations.NullMarked;
