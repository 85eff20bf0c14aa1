/** Sampling completions from a model, and scoring given tokens, with the trainer's own bits. */
@org.jspecify.annotations.NullMarked
package dev.anechoic.model.sample;
