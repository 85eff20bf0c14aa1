/** Differentiable operations, one class each, forward directly above backward. */
@org.jspecify.annotations.NullMarked
package dev.anechoic.tensor.op;
