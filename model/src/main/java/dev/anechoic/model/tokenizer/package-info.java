/** Byte-pair encoding, read from and written as Hugging Face {@code tokenizer.json}. */
@NullMarked
package dev.anechoic.model.tokenizer;

import org.jspecify.annotations.NullMarked;
