/**
 * The report: one self-contained HTML page from run folders, with charts drawn as SVG by this
 * package alone; the live page; the CSV export; and the printout of five lines per run.
 *
 * <p>In every chart colour means a format, and nothing else does.
 */
@NullMarked
package dev.anechoic.rl.report;

import org.jspecify.annotations.NullMarked;
