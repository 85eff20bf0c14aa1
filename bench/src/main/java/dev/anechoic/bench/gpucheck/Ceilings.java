package dev.anechoic.bench.gpucheck;

import dev.anechoic.kernels.cuda.Cublas;
import dev.anechoic.kernels.cuda.DriverException;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the device can do at most, measured in the same run.
 *
 * @param copyBytesPerSecond read and write of a large copy together
 * @param flopsPerSecond of a large matrix product
 * @param productBy cuBLAS and its version, or our own kernel where cuBLAS cannot be called
 */
record Ceilings(double copyBytesPerSecond, double flopsPerSecond, String productBy) {

  static Ceilings measure(Backend backend, Size size) {
    Stopwatch watch = new Stopwatch(backend, size.roundNanos());
    double bytes;
    try (Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      Tensor a = Noise.of(arena, size.rows(), size.columns());
      Tensor b = arena.like(a);
      bytes = 8.0 * a.size() / watch.nanos(() -> backend.copy(a, b)) * 1e9;
    }
    int n = size.matmul();
    double flops = 2.0 * n * n * n;
    try (Cublas cublas = Cublas.open(backend)) {
      double nanos = product(backend, cublas, watch, n, false, false);
      return new Ceilings(bytes, flops / nanos * 1e9, "cuBLAS " + cublas.version());
    } catch (DriverException e) {
      double nanos = product(backend, null, watch, n, false, false);
      return new Ceilings(bytes, flops / nanos * 1e9, "our own kernel, since " + e.reason());
    }
  }

  /** Nanoseconds of a square product by cuBLAS, or by the backend where there is none. */
  static double product(
      Backend backend,
      @Nullable Cublas cublas,
      Stopwatch watch,
      int n,
      boolean transposeA,
      boolean transposeB) {
    try (Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      DType type = cublas == null ? DType.F32 : DType.BF16;
      Tensor a = Noise.of(arena, type, 1, n, n);
      Tensor b = Noise.of(arena, type, 1, n, n);
      Tensor c = arena.zeros(DType.F32, n, n);
      return watch.nanos(
          cublas == null
              ? () -> backend.matmul(a, transposeA, b, transposeB, null, c, false)
              : () -> cublas.matmul(a, transposeA, b, transposeB, c));
    }
  }

  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("copy_gb_per_second", copyBytesPerSecond / 1e9);
    map.put("matmul_tflops", flopsPerSecond / 1e12);
    map.put("matmul_by", productBy);
    return map;
  }
}
