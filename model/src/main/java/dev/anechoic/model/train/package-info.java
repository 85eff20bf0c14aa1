/** Training on documents: packing, optimizer, schedule, the training step, pretraining. */
@org.jspecify.annotations.NullMarked
package dev.anechoic.model.train;
