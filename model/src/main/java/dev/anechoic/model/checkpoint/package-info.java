/** Checkpoints as Hugging Face folders: safetensors, configuration, training state, manifest. */
@org.jspecify.annotations.NullMarked
package dev.anechoic.model.checkpoint;
