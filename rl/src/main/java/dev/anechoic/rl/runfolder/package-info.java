/**
 * The files of a run folder: one record per kind of line, with its reader and its writer.
 *
 * <p>The layout is described in {@code docs/run-folder.md}. Writers are used by the trainer and the
 * evaluation, readers by the report, the live page and the printout.
 */
@NullMarked
package dev.anechoic.rl.runfolder;

import org.jspecify.annotations.NullMarked;
