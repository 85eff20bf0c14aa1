package dev.anechoic.model.train;

import java.io.PrintStream;
import java.util.Locale;

/** The progress line of a training run, at most every few seconds. */
final class Progress {
  private static final long INTERVAL_NANOS = 5_000_000_000L;

  private final PrintStream out;
  private final long totalSteps;
  private final double flopsPerToken;
  private final double peakFlops;
  private long lastNanos = System.nanoTime();
  private long lastStep;
  private long lastTokens;

  /**
   * @param firstTokens tokens trained on before, padding not counted
   * @param peakFlops floating-point operations per second that the backend reaches at best; 0 if
   *     unknown
   */
  Progress(
      PrintStream out,
      long firstStep,
      long firstTokens,
      long totalSteps,
      double flopsPerToken,
      double peakFlops) {
    this.out = out;
    this.totalSteps = totalSteps;
    this.flopsPerToken = flopsPerToken;
    this.peakFlops = peakFlops;
    lastStep = firstStep;
    lastTokens = firstTokens;
  }

  /** Whether a line is due. */
  boolean isDue() {
    return System.nanoTime() - lastNanos >= INTERVAL_NANOS;
  }

  void print(long step, long tokens, double loss, double lr) {
    long now = System.nanoTime();
    double seconds = (now - lastNanos) / 1e9;
    double rate = (tokens - lastTokens) / seconds;
    double etaSeconds = step == lastStep ? 0 : (totalSteps - step) * seconds / (step - lastStep);
    String share =
        peakFlops == 0
            ? ""
            : String.format(
                Locale.ROOT, ", %.0f %% of peak", 100 * rate * flopsPerToken / peakFlops);
    out.printf(
        Locale.ROOT,
        "step %,d of %,d  loss %.4f  lr %.2e  %,.0f tokens/s%s  ETA %s%n",
        step,
        totalSteps,
        loss,
        lr,
        rate,
        share,
        clock(etaSeconds));
    out.flush();
    lastNanos = now;
    lastStep = step;
    lastTokens = tokens;
  }

  private static String clock(double seconds) {
    long whole = Math.round(seconds);
    return String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }
}
