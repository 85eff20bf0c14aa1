package dev.anechoic.model.python;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.Supplier;

/**
 * What a piece of work costs the present thread.
 *
 * @param cpuNanos processor time, which other processes on the machine do not add to
 * @param allocatedBytes everything allocated, whether still live or not
 */
record Usage(long cpuNanos, long allocatedBytes) {

  static final long MOST_NANOS = 50_000_000;
  static final long MOST_BYTES = 16L << 20;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  static Usage of(Supplier<Outcome> work) {
    long nanos = THREADS.getCurrentThreadCpuTime();
    long bytes = THREADS.getCurrentThreadAllocatedBytes();
    if (work.get() instanceof Outcome.Internal(Throwable cause)) {
      throw new AssertionError("a fault of the interpreter", cause);
    }
    return new Usage(
        THREADS.getCurrentThreadCpuTime() - nanos,
        THREADS.getCurrentThreadAllocatedBytes() - bytes);
  }

  boolean isWithinLimits() {
    return cpuNanos <= MOST_NANOS && allocatedBytes <= MOST_BYTES;
  }

  @Override
  public String toString() {
    return "%.2f ms, %.2f MB".formatted(cpuNanos / 1e6, allocatedBytes / 1048576.0);
  }
}
