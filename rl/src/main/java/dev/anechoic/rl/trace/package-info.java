/** Flight Recorder recordings as timelines for other tools. */
@NullMarked
package dev.anechoic.rl.trace;

import org.jspecify.annotations.NullMarked;
