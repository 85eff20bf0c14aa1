package dev.anechoic.bench.gpucheck;

import dev.anechoic.tensor.Backend;
import java.util.concurrent.CancellationException;

/** Times calls on an asynchronous backend. */
final class Stopwatch {
  private static final int ROUNDS = 5;
  private static final int MOST_CALLS = 10_000;

  private final Backend backend;
  private final long roundNanos;

  /**
   * @param roundNanos least duration of a round
   */
  Stopwatch(Backend backend, long roundNanos) {
    this.backend = backend;
    this.roundNanos = roundNanos;
  }

  /**
   * Ends the work of a part that has run out of time.
   *
   * @throws CancellationException where the thread was interrupted
   */
  static void checkTime() {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("not measured: the part has run out of time");
    }
  }

  /**
   * Nanoseconds of one call: the best of some rounds of many calls with one wait at the end. Rounds
   * of slow calls end early, after twice the time that all rounds of fast ones take.
   */
  double nanos(Runnable call) {
    checkTime();
    call.run();
    backend.synchronize();
    int calls = 1;
    double best = Double.MAX_VALUE;
    long begin = System.nanoTime();
    for (int round = 0;
        round == 0 || (round < ROUNDS && System.nanoTime() - begin < 2 * ROUNDS * roundNanos);
        round++) {
      checkTime();
      long start = System.nanoTime();
      for (int i = 0; i < calls; i++) {
        call.run();
      }
      backend.synchronize();
      double nanos = (double) (System.nanoTime() - start) / calls;
      best = Math.min(best, nanos);
      calls = (int) Math.max(1, Math.min(MOST_CALLS, roundNanos / best));
    }
    return best;
  }
}
