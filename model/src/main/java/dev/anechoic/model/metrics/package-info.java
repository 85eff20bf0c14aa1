/** Metrics over steps, written for people (CSV), programs (JSON lines) and TensorBoard. */
@NullMarked
package dev.anechoic.model.metrics;

import org.jspecify.annotations.NullMarked;
