package dev.anechoic.bench.peer;

/** Times a run in batches long enough for the clock. */
final class Stopwatch {
  /** A batch is at least so long. */
  private static final double BATCH_SECONDS = 0.01;

  private static final double GAIN = 0.02;

  private final Runnable run;
  private long perBatch = 1;

  Stopwatch(Runnable run) {
    this.run = run;
  }

  /**
   * Runs until no batch has been faster by more than {@value #GAIN} for so many seconds: then
   * caches are warm and a compiler, where there is one, is done.
   */
  void settle(double seconds) {
    double best = Double.MAX_VALUE;
    long since = System.nanoTime();
    do {
      double batch = batch();
      if (batch < BATCH_SECONDS) {
        perBatch *= 2; // too short for the clock
        best = Double.MAX_VALUE;
      }
      if (batch / perBatch < best * (1 - GAIN)) {
        best = batch / perBatch;
        since = System.nanoTime();
      }
    } while (System.nanoTime() - since < seconds * 1e9);
  }

  /** Seconds per run, mean over about so many seconds; at least one run. */
  double mean(double seconds) {
    long start = System.nanoTime();
    long runs = 0;
    do {
      batch();
      runs += perBatch;
    } while (System.nanoTime() - start < seconds * 1e9);
    return (System.nanoTime() - start) / 1e9 / runs;
  }

  private double batch() {
    long start = System.nanoTime();
    for (long i = 0; i < perBatch; i++) {
      run.run();
    }
    return (System.nanoTime() - start) / 1e9;
  }
}
