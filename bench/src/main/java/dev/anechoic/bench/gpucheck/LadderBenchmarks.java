package dev.anechoic.bench.gpucheck;

import dev.anechoic.bench.gpucheck.KernelRate.Unit;
import dev.anechoic.kernels.cuda.Cublas;
import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.kernels.cuda.DriverException;
import dev.anechoic.kernels.cuda.LadderAttention;
import dev.anechoic.kernels.cuda.LadderMatmul;
import dev.anechoic.kernels.cuda.MatmulTile;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Part 4, the teaching ladder: every step of {@code cuda-src/ladder/} and the shipped kernel above
 * it, each alone, with its gain over the step below. A step whose result differs from the first
 * one's is listed as failed.
 */
final class LadderBenchmarks {
  private static final String[] COLUMNS = {
    "step", "time", "rate", "share of ceiling", "of cuBLAS", "over the step below", "new"
  };

  /** Operands are below 1 in size, and weights of attention are rounded to 2^-9. */
  private static final float ROUNDED_WEIGHTS = 0x1p-8f;

  private final CudaBackend backend;
  private final Size size;
  private final Ceilings ceilings;
  private final Report report;
  private final Stopwatch watch;

  LadderBenchmarks(CudaBackend backend, Size size, Ceilings ceilings, Report report) {
    this.backend = backend;
    this.size = size;
    this.ceilings = ceilings;
    this.report = report;
    this.watch = new Stopwatch(backend, size.roundNanos());
  }

  /** Runs both ladders; a step that fails is listed. */
  void run() {
    matmul();
    attention();
  }

  private Arena arena() {
    return new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger());
  }

  private void matmul() {
    int n = size.ladder();
    double cublas = cublasNanos(n);
    report.section("Teaching ladder: products");
    report.note("matmul " + n + "^3; cuBLAS takes bf16 operands, steps 1 to 5 take f32");
    report.header(COLUMNS);
    try (Arena arena = arena()) {
      Tensor a = arena.of(values(n * n, 0), n, n);
      Tensor b = arena.of(values(n * n, n * n), n, n);
      Tensor out = arena.zeros(DType.F32, n, n);
      // Sums of these operands are exact in f32, so all orders of adding give the same.
      Climb climb = new Climb(LadderMatmul.flops(n, n, n), cublas, out, 0);
      for (LadderMatmul step : LadderMatmul.values()) {
        if (step.runsOn(backend)) {
          climb.step(step.kernel(), step.idea(), room -> step.prepare(backend, room, a, b, out));
        } else {
          report.skip(step.kernel() + ": it needs compute capability 9.0");
        }
      }
      MatmulTile shipped = backend.tileOf(false, n, n, n);
      climb.step(
          "shipped, " + shipped,
          "any size, tiles of %d x %d".formatted(shipped.rows(), shipped.columns()),
          room -> shipped.prepare(backend, room, a, b, out));
      report.put("ladder_matmul", climb.rows);
    }
  }

  /** Of the same product, or NaN. */
  private double cublasNanos(int n) {
    try (Cublas cublas = Cublas.open(backend)) {
      return Ceilings.product(backend, cublas, watch, n, false, false);
    } catch (DriverException e) {
      report.skip("cuBLAS beside the ladder: " + e.reason());
      return Double.NaN;
    }
  }

  private void attention() {
    int t = size.time();
    int h = size.heads();
    int d = LadderAttention.HEAD_SIZE;
    double scale = 1 / Math.sqrt(d);
    report.section("Teaching ladder: attention");
    report.note("causal attention, T=%d H=%d D=%d".formatted(t, h, d));
    report.header(COLUMNS);
    try (Arena arena = arena()) {
      Tensor qkv = arena.of(values(t * 3 * h * d, 0), t, 3 * h * d);
      Tensor out = arena.zeros(DType.F32, t, h * d);
      Climb climb = new Climb(LadderAttention.flops(t, h), Double.NaN, out, ROUNDED_WEIGHTS);
      for (LadderAttention step : LadderAttention.values()) {
        if (step.runsOn(backend)) {
          climb.step(
              step.kernel(), step.idea(), room -> step.prepare(backend, room, qkv, h, scale, out));
        } else {
          report.skip(step.kernel() + ": it needs compute capability 9.0");
        }
      }
      if (backend.bf16()) {
        Tensor one = qkv.view(0, Shape.of(1, t, 3 * h * d));
        Tensor result = out.view(0, Shape.of(1, t, h * d));
        Tensor lse = arena.zeros(DType.F32, 1, h, t);
        climb.step(
            "shipped, " + backend.attentionTileOf(t, h, d, scale),
            "its time includes rounding the operand",
            room -> () -> backend.attention(one, h, h, scale, result, lse));
      } else {
        report.skip("shipped attention above the ladder: " + backend.name() + " works in f32");
      }
      report.put("ladder_attention", climb.rows);
    }
  }

  /** Sixteenths between -1 and 1 in no order; bf16 holds them exactly. */
  private static float[] values(int count, int from) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      int hash = (from + i) * 0x9E3779B1; // Knuth's multiplicative hash
      values[i] = (((hash ^ hash >>> 15) & 15) - 7.5f) / 8;
    }
    return values;
  }

  /** Brings operands into a step's form, in the arena, and returns what launches it. */
  private interface Step {
    Runnable prepare(Arena room);
  }

  /** The steps of one ladder, from below. */
  private final class Climb {
    private final double flops;
    private final double cublasNanos;
    private final Tensor out;
    private final float tolerance;
    private final List<Map<String, Object>> rows = new ArrayList<>();
    private float @Nullable [] expected;
    private double below = Double.NaN;

    Climb(double flops, double cublasNanos, Tensor out, float tolerance) {
      this.flops = flops;
      this.cublasNanos = cublasNanos;
      this.out = out;
      this.tolerance = tolerance;
    }

    void step(String kernel, String idea, Step step) {
      double nanosBelow = below;
      below = Double.NaN;
      try (Arena room = arena()) {
        backend.fill(out, Double.NaN);
        double nanos = watch.nanos(step.prepare(room));
        checkResult();
        add(kernel, idea, nanos, nanosBelow / nanos);
        below = nanos;
      } catch (RuntimeException e) {
        report.fail("ladder, " + kernel + ": " + e.getMessage());
      }
    }

    private void checkResult() {
      float[] result = out.toFloats();
      float[] first = expected;
      if (first == null) {
        expected = result;
        return;
      }
      for (int i = 0; i < result.length; i++) {
        if (!(Math.abs(result[i] - first[i]) <= tolerance)) { // NaN too
          throw new IllegalStateException(
              "element %d is %s, in the first step %s".formatted(i, result[i], first[i]));
        }
      }
    }

    private void add(String kernel, String idea, double nanos, double gain) {
      double ofCublas = cublasNanos / nanos;
      double most = ceilings.flopsPerSecond();
      KernelRate rate = new KernelRate(kernel, nanos, flops, Unit.FLOPS, most, ofCublas);
      Map<String, Object> row = rate.toMap();
      boolean first = Double.isNaN(gain);
      if (!first) {
        row.put("over_the_step_below", gain);
      }
      rows.add(row);
      List<String> cells = new ArrayList<>(List.of(rate.cells()));
      cells.add(first ? "" : "%.2f".formatted(gain));
      cells.add(idea);
      report.row(cells.toArray(String[]::new));
    }
  }
}
