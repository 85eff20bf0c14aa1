/** Memory of the CPU backends: one Java array per buffer. */
@NullMarked
package dev.anechoic.kernels.heap;

import org.jspecify.annotations.NullMarked;
