/**
 * Word problems as data: the question, the steps of arithmetic that answer it, and the prose that
 * explains them, each number traced to where it comes from. Every output format is rendered from
 * the same {@link dev.anechoic.model.problem.Problem}.
 */
@NullMarked
package dev.anechoic.model.problem;

import org.jspecify.annotations.NullMarked;
