package dev.anechoic.bench;

import java.lang.management.ManagementFactory;
import java.util.Arrays;

/**
 * Times a step: warm-up until the compiler has settled, then rounds whose median counts, since
 * other load on the machine only ever makes a round slower.
 *
 * @param median seconds per step
 * @param best seconds per step
 * @param allocatedBytes on the Java heap by the calling thread, per step of the best round
 */
record Rounds(double median, double best, long allocatedBytes) {
  private static final int ROUNDS = 7;

  private static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  /**
   * @param warmupSeconds before the first round
   * @param seconds of all rounds together
   */
  static Rounds measure(Runnable step, double warmupSeconds, double seconds) {
    long steps = repeat(step, warmupSeconds);
    int perRound = (int) Math.max(1, steps * seconds / warmupSeconds / ROUNDS);
    double[] times = new double[ROUNDS];
    long fewestBytes = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long bytes = heapBytes();
      long since = System.nanoTime();
      for (int i = 0; i < perRound; i++) {
        step.run();
      }
      times[round] = (System.nanoTime() - since) / 1e9 / perRound;
      long allocated = (heapBytes() - bytes) / perRound;
      fewestBytes = Math.min(fewestBytes, allocated);
    }
    Arrays.sort(times);
    return new Rounds(times[ROUNDS / 2], times[0], fewestBytes);
  }

  /** Bytes that the calling thread has allocated on the Java heap so far. */
  static long heapBytes() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  /** Repeats a step for some time; returns how often. */
  private static long repeat(Runnable step, double seconds) {
    long until = System.nanoTime() + (long) (seconds * 1e9);
    long steps = 0;
    do {
      step.run();
      steps++;
    } while (System.nanoTime() < until);
    return steps;
  }
}
