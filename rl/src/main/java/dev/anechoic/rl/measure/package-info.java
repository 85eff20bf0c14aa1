/**
 * The measures of the study as pure functions: arrays of numbers in, numbers out, no files, no
 * models, no state.
 *
 * <p>Shares and accuracies are fractions, information is in nats. A value that cannot be computed
 * is NaN or absent, never 0.
 */
@NullMarked
package dev.anechoic.rl.measure;

import org.jspecify.annotations.NullMarked;
