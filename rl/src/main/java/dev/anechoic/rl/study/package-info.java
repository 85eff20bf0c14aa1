/** The study: every stage from corpus to report, each skipped when its inputs are unchanged. */
@org.jspecify.annotations.NullMarked
package dev.anechoic.rl.study;
