package dev.anechoic.kernels.simd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntSupplier;

/**
 * Times the hot kernels against a loop of multiply-adds in registers, and says which one runs slow.
 *
 * <p>Until C2 has compiled a kernel its vectors are objects on the heap, a hundred times slower;
 * now and then a launch leaves a kernel in that state, or at half speed. Each probe runs until it
 * is fast, which is also its warm-up: about a tenth of a second each where all is well.
 */
final class SelfTest {
  /** A kernel slower than this share of what it reaches on an idle machine is reported. */
  private static final double SLOW = 0.4;

  /** Patience with one kernel: compilers share the cores with whatever else runs. */
  private static final long PATIENCE_NANOS = 4_000_000_000L;

  private static final int SIZE = 96;
  private static final int REPEATS = 20;
  private static final int PEAK_STEPS = 2000;

  private final Sgemm sgemm = new Sgemm();
  private final float[] a = filled(SIZE * SIZE, 0.5f);
  private final float[] b = filled(SIZE * SIZE, -0.25f);
  private final float[] c = new float[SIZE * SIZE];
  private final RowScratch row = new RowScratch();

  /**
   * A kernel.
   *
   * @param name for the message
   * @param share of the multiply-add loop's rate that it reaches on an idle machine
   * @param body runs once, and returns the multiply-adds, or their equivalent in time, times two
   */
  private record Probe(String name, double share, IntSupplier body) {}

  /** One line for each kernel that stays slow; none where all is well. */
  static List<String> run() {
    return new SelfTest().slowKernels();
  }

  private List<String> slowKernels() {
    row.room(b.length);
    double peak = bestRate(this::multiplyAdds, Double.MAX_VALUE, PATIENCE_NANOS / 20);
    List<String> lines = new ArrayList<>();
    for (Probe probe : probes()) {
      double wanted = SLOW * probe.share * peak;
      double rate = bestRate(probe.body, wanted, PATIENCE_NANOS);
      if (rate < wanted) {
        lines.add(
            String.format(
                Locale.ROOT,
                "kernel %s runs at %.0f %% of its usual speed (%.1f of %.1f Gflop/s): the JVM has"
                    + " not compiled it well, or the machine is busy; start again if the run is long",
                probe.name,
                100 * rate / (probe.share * peak),
                rate,
                probe.share * peak));
      }
    }
    return lines;
  }

  private List<Probe> probes() {
    return List.of(
        new Probe("matmul", 0.6, () -> multiply(false, false)),
        new Probe("matmul of a transposed left side", 0.6, () -> multiply(true, false)),
        new Probe("matmul of a transposed right side", 0.5, () -> multiply(false, true)),
        new Probe("exponential", 0.3, this::exponentials));
  }

  /** Best rate in Gflop/s of batches, until {@code enough} is reached or time is up. */
  private static double bestRate(IntSupplier body, double enough, long patienceNanos) {
    long end = System.nanoTime() + patienceNanos;
    double best = 0;
    do {
      long start = System.nanoTime();
      long flops = 0;
      for (int i = 0; i < REPEATS; i++) {
        flops += body.getAsInt();
      }
      best = Math.max(best, (double) flops / (System.nanoTime() - start));
    } while (best < enough && System.nanoTime() < end);
    return best;
  }

  private int multiplyAdds() {
    c[0] = Ceilings.loop(PEAK_STEPS);
    return (int) Ceilings.flops(PEAK_STEPS);
  }

  private int multiply(boolean transA, boolean transB) {
    sgemm.multiply(
        transA, transB, SIZE, SIZE, SIZE, a, 0, SIZE, b, 0, SIZE, null, 0, false, c, 0, SIZE);
    return 2 * SIZE * SIZE * SIZE;
  }

  /** An exponential takes about as long as 14 multiply-adds. */
  private int exponentials() {
    a[0] = SoftmaxKernels.expSum(b, 0, b.length, 0, row) / b.length;
    return 2 * 14 * b.length;
  }

  private static float[] filled(int length, float value) {
    float[] x = new float[length];
    Arrays.fill(x, value);
    return x;
  }
}
