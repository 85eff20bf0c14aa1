package dev.anechoic.bench.ops;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/**
 * Counts what a call allocates on the Java heap, on the calling thread and on the backend's.
 *
 * <p>JMH's profiler {@code gc} counts the whole process, its own harness included: thousands of
 * bytes per call where a call takes milliseconds.
 */
final class Allocation {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final String WORKER = "anechoic-worker";

  private final long[] ids;

  /** Counts on the current thread and on the workers that run now. */
  Allocation() {
    long self = Thread.currentThread().threadId();
    ids =
        Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
            .filter(info -> info != null)
            .filter(info -> info.getThreadId() == self || info.getThreadName().startsWith(WORKER))
            .mapToLong(info -> info.getThreadId())
            .toArray();
  }

  /** Bytes allocated so far. */
  long bytes() {
    long bytes = 0;
    for (long id : ids) {
      bytes += THREADS.getThreadAllocatedBytes(id);
    }
    return bytes;
  }
}
