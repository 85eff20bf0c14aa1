/** Optimizers over flat parameters, and learning-rate schedules. */
@org.jspecify.annotations.NullMarked
package dev.anechoic.model.optim;
