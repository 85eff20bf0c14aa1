/**
 * The CUDA backend: device memory, launches and graphs over the kernels of {@code cuda-src/}.
 *
 * <p>Everything but {@link dev.anechoic.kernels.cuda.JCudaDriver} is written against {@link
 * dev.anechoic.kernels.cuda.Driver}, so that the same code runs without a GPU on the emulated
 * driver of {@code dev.anechoic.kernels.emulated}.
 */
@NullMarked
package dev.anechoic.kernels.cuda;

import org.jspecify.annotations.NullMarked;
