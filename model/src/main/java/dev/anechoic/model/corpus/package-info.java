/**
 * Corpora whose formats are known by construction: problems from a generator or from GSM8K and
 * SVAMP, rendered in a mixture of formats with exact shares, written with a manifest.
 */
@NullMarked
package dev.anechoic.model.corpus;

import org.jspecify.annotations.NullMarked;
