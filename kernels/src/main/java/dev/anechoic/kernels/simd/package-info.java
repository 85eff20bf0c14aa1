/**
 * The {@code cpu} backend's kernels, written with the Vector API.
 *
 * <p>Kernels work on {@code float[]} with an offset, and a row stride where rows need not touch.
 * Every kernel keeps the contract on bits: the order of each reduction depends on the length of
 * what is reduced and on nothing else, neither on the number of threads nor on the rows computed
 * beside it.
 */
@NullMarked
package dev.anechoic.kernels.simd;

import org.jspecify.annotations.NullMarked;
