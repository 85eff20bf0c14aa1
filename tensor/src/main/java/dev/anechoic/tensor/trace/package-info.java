/**
 * Flight Recorder events of the hot loop: step, phase, op, and the part of an op that one worker
 * thread computes.
 *
 * <p>Every event is used in the same way:
 *
 * <pre>{@code
 * OpEvent event = OpEvent.start();
 * compute();
 * if (event != null) {
 *   event.finish("matmul", "[64,96,128]x[128,384]", flops, bytes);
 * }
 * }</pre>
 *
 * <p>While no recording runs, {@code start()} is one read of a flag and returns null, so that
 * neither an event nor a shape string is made. A recording is started with {@code
 * -XX:StartFlightRecording:filename=run.jfr} or {@code jcmd PID JFR.start}; the command {@code
 * trace} turns it into a file for Perfetto.
 */
@NullMarked
package dev.anechoic.tensor.trace;

import org.jspecify.annotations.NullMarked;
