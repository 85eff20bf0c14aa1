/**
 * The CUDA backend without a GPU: the kernels of {@code cuda-src/} compiled by g++ and run on the
 * CPU, behind the same memory pool, launches and graphs.
 */
@NullMarked
package dev.anechoic.kernels.emulated;

import org.jspecify.annotations.NullMarked;
