/**
 * An interpreter of our own for the part of Python 3 that programs of grade-school arithmetic use.
 *
 * <p>Programs that a model writes are run here, never in a Python process: every run has budgets
 * for steps, memory, integer size, recursion and text, and ends in one {@link
 * dev.anechoic.model.python.Outcome}.
 */
@NullMarked
package dev.anechoic.model.python;

import org.jspecify.annotations.NullMarked;
