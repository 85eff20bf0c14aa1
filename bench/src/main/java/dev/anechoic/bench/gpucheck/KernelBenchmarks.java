package dev.anechoic.bench.gpucheck;

import dev.anechoic.bench.gpucheck.KernelRate.Unit;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Times the kernels of a backend through the kernel table, against two ceilings measured in the
 * same run: a copy for those bound by memory, the largest matrix product for the rest.
 */
final class KernelBenchmarks {
  private static final int ROUNDS = 5;

  private final Backend backend;
  private final Size size;
  private final List<KernelRate> rates = new ArrayList<>();
  private double copyCeiling = Double.NaN;
  private double matmulCeiling = Double.NaN;

  /**
   * How much work one call is.
   *
   * @param matmul extent of the square products
   * @param rows of the row kernels
   * @param columns of the row kernels
   * @param time positions of attention
   * @param heads of attention
   * @param roundNanos least duration of a round
   */
  record Size(int matmul, int rows, int columns, int time, int heads, long roundNanos) {
    /** For a GPU: every call is far longer than its launch. */
    static final Size FULL = new Size(8192, 8192, 32_000, 8192, 16, 50_000_000L);

    /** For a CPU, to see that everything runs. */
    static final Size SMALL = new Size(64, 16, 1100, 64, 2, 1_000_000L);
  }

  KernelBenchmarks(Backend backend, Size size) {
    this.backend = backend;
    this.size = size;
  }

  /** Runs all; the rates come in the order of the table. */
  List<KernelRate> run() {
    copy();
    matmul();
    rows();
    attention(64);
    attention(128);
    adamW();
    return rates;
  }

  private Arena arena() {
    return new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger());
  }

  private Tensor filled(Arena arena, double value, int... dims) {
    Tensor t = arena.zeros(DType.F32, dims);
    backend.fill(t, value);
    return t;
  }

  /** Nanoseconds of one call: the best of some rounds of many calls with one wait at the end. */
  private double time(Runnable call) {
    call.run();
    backend.synchronize();
    int calls = 1;
    double best = Double.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < calls; i++) {
        call.run();
      }
      backend.synchronize();
      double nanos = (double) (System.nanoTime() - start) / calls;
      best = Math.min(best, nanos);
      calls = (int) Math.max(1, Math.min(10_000, size.roundNanos / best));
    }
    return best;
  }

  private void bytes(String kernel, double amount, Runnable call) {
    rates.add(new KernelRate(kernel, time(call), amount, Unit.BYTES, copyCeiling));
  }

  private void flops(String kernel, double amount, Runnable call) {
    rates.add(new KernelRate(kernel, time(call), amount, Unit.FLOPS, matmulCeiling));
  }

  private void copy() {
    try (Arena arena = arena()) {
      Tensor a = filled(arena, 1, size.rows, size.columns);
      Tensor b = arena.like(a);
      bytes("copy " + a.shape(), 8.0 * a.size(), () -> backend.copy(a, b));
      copyCeiling = rates.getLast().perSecond();
    }
  }

  private void matmul() {
    int n = size.matmul;
    try (Arena arena = arena()) {
      Tensor a = filled(arena, 0.5, n, n);
      Tensor b = filled(arena, 0.25, n, n);
      Tensor c = arena.like(a);
      double amount = 2.0 * n * n * n;
      flops("matmul NN " + n, amount, () -> backend.matmul(a, false, b, false, null, c, false));
      matmulCeiling = rates.getLast().perSecond();
      flops("matmul NT " + n, amount, () -> backend.matmul(a, false, b, true, null, c, false));
      flops("matmul TN " + n, amount, () -> backend.matmul(a, true, b, false, null, c, true));
    }
  }

  private void rows() {
    try (Arena arena = arena()) {
      Tensor x = filled(arena, 0.5, size.rows, size.columns);
      Tensor y = arena.like(x);
      Tensor perRow = filled(arena, 1, size.rows);
      Tensor lse = arena.zeros(DType.F32, size.rows);
      Tensor loss = arena.zeros(DType.F32, size.rows);
      Tensor targets = arena.zeros(DType.I32, size.rows);
      double element = (double) x.size();
      String shape = " " + x.shape();
      bytes("softmax" + shape, 8 * element, () -> backend.softmax(x, y));
      bytes("rmsNorm" + shape, 8 * element, () -> backend.rmsNorm(x, null, 1e-5, y, lse));
      bytes(
          "layerNorm" + shape,
          8 * element,
          () -> backend.layerNorm(x, null, null, 1e-5, y, loss, lse));
      bytes("crossEntropy" + shape, 4 * element, () -> backend.crossEntropy(x, targets, loss, lse));
      bytes(
          "crossEntropyBackward" + shape,
          8 * element,
          () -> backend.crossEntropyBackward(x, targets, lse, perRow, y, false));
      bytes("entropy" + shape, 4 * element, () -> backend.entropy(x, 1, loss, lse));
      bytes("klFull" + shape, 8 * element, () -> backend.klFull(x, y, 1, loss, lse, perRow));
      bytes("gelu" + shape, 8 * element, () -> backend.gelu(x, y));
    }
  }

  private void attention(int headSize) {
    int t = size.time;
    int h = size.heads;
    try (Arena arena = arena()) {
      Tensor qkv = filled(arena, 0.1, 1, t, 3 * h * headSize);
      Tensor out = arena.zeros(DType.F32, 1, t, h * headSize);
      Tensor lse = arena.zeros(DType.F32, 1, h, t);
      Tensor dQkv = arena.like(qkv);
      double scale = 1 / Math.sqrt(headSize);
      double forward = 2.0 * t * t * headSize * h;
      String shape = " T=%d H=%d D=%d".formatted(t, h, headSize);
      flops("attention" + shape, forward, () -> backend.attention(qkv, h, h, scale, out, lse));
      flops(
          "attentionBackward" + shape,
          2.5 * forward,
          () -> backend.attentionBackward(qkv, h, h, scale, out, lse, out, dQkv, false));
      Tensor one = filled(arena, 0.1, 1, 1, 3 * h * headSize);
      Tensor oneOut = arena.zeros(DType.F32, 1, 1, h * headSize);
      Tensor keys = arena.zeros(DType.F32, 1, h, t, headSize);
      Tensor values = arena.zeros(DType.F32, 1, h, t, headSize);
      Tensor slots = arena.zeros(DType.I32, 1);
      Tensor starts = arena.of(new int[] {t - 1}, 1);
      bytes(
          "attentionCached" + shape,
          2.0 * keys.size() * (backend.name().contains("f32") ? 4 : 2),
          () -> backend.attentionCached(one, slots, starts, h, h, scale, keys, values, oneOut));
    }
  }

  private void adamW() {
    try (Arena arena = arena()) {
      int n = size.rows * size.columns / 4;
      Tensor param = filled(arena, 1, n);
      Tensor grad = filled(arena, 0.1, n);
      Tensor m = arena.zeros(DType.F32, n);
      Tensor v = arena.zeros(DType.F32, n);
      bytes(
          "adamW [" + n + "]",
          28.0 * n,
          () -> backend.adamW(param, grad, m, v, 1e-3, 0.9, 0.95, 1e-8, 0.1, 1, null));
    }
  }

  /** Nanoseconds per launch of a kernel that does next to nothing. */
  double launchNanos() {
    try (Arena arena = arena()) {
      Tensor x = arena.zeros(DType.F32, 1);
      return time(() -> backend.fill(x, 0));
    }
  }
}
