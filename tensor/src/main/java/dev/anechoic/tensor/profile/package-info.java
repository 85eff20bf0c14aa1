/** Kernel calls as Flight Recorder events, with their cost from the op table. */
@NullMarked
package dev.anechoic.tensor.profile;

import org.jspecify.annotations.NullMarked;
