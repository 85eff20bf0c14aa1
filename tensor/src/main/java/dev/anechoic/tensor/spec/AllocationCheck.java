package dev.anechoic.tensor.spec;

import com.sun.management.ThreadMXBean;
import dev.anechoic.tensor.Backend;
import java.lang.management.ManagementFactory;
import java.util.Comparator;
import java.util.List;

/** Measures what a warm kernel call allocates on the Java heap. */
final class AllocationCheck {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Operands small enough to call thousands of times. */
  private static final long MOST_BYTES = 1 << 17;

  private static final int CALLS = 20;

  private AllocationCheck() {}

  /** The largest case that is cheap to call. */
  static OpCase choose(List<OpCase> cases) {
    return cases.stream()
        .filter(c -> c.bytes(4) <= MOST_BYTES && c.flops() <= 8e6)
        .max(Comparator.comparingLong(c -> c.bytes(4)))
        .orElse(cases.getFirst());
  }

  /**
   * Calls until a batch of calls allocates nothing on the calling thread, which the compiler
   * reaches once it has seen the kernel often enough.
   *
   * @return 0, or the bytes per call of the last batch when patience ends
   */
  static long bytesPerCall(Binding binding, Backend backend, long patienceMillis) {
    long deadline = System.nanoTime() + patienceMillis * 1_000_000;
    long bytes;
    do {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < CALLS; i++) {
        binding.call();
      }
      bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
      backend.synchronize();
    } while (bytes > 0 && System.nanoTime() < deadline);
    return (bytes + CALLS - 1) / CALLS;
  }
}
