package dev.anechoic.model.train;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;

/**
 * What a backend's matrix product reaches at its best size, as the yardstick of a training run. The
 * benchmarks measure the machine's own peak, which is a little higher.
 */
public final class PeakRate {
  private static final int SIZE = 512;
  private static final long BUDGET_NANOS = 1_500_000_000L;

  /** On a busy machine the budget passes before the JIT is done: a cold kernel is no yardstick. */
  private static final int MIN_CALLS = 50;

  private PeakRate() {}

  /** Floating-point operations per second; takes about 1.5 seconds, longer on a busy machine. */
  public static double measure(Backend backend) {
    try (Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      Tensor a = arena.zeros(backend.floatType(), SIZE, SIZE);
      Tensor b = arena.zeros(backend.floatType(), SIZE, SIZE);
      Tensor c = arena.zeros(backend.floatType(), SIZE, SIZE);
      backend.fill(a, 0.5);
      backend.fill(b, 0.25);
      long start = System.nanoTime();
      long best = Long.MAX_VALUE;
      for (int calls = 0; calls < MIN_CALLS || System.nanoTime() - start < BUDGET_NANOS; calls++) {
        long before = System.nanoTime();
        backend.matmul(a, false, b, false, null, c, false);
        backend.synchronize();
        best = Math.min(best, System.nanoTime() - before);
      }
      return 2.0 * SIZE * SIZE * SIZE / (best / 1e9);
    }
  }
}
