/** Files: JSON, JSON lines, hashes, and writing that leaves either the old or the new content. */
@NullMarked
package dev.anechoic.model.io;

import org.jspecify.annotations.NullMarked;
