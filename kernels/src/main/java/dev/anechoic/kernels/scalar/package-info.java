/**
 * The backend {@code cpu-scalar}: plain loops in single precision on one thread.
 *
 * <p>Taken where the vector module is absent, and the yardstick of precision for the backends that
 * are tuned: what a naive loop in single precision loses against one in double.
 */
@NullMarked
package dev.anechoic.kernels.scalar;

import org.jspecify.annotations.NullMarked;
