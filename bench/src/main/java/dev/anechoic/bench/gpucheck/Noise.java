package dev.anechoic.bench.gpucheck;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tensor;

/**
 * Operands without order. The power of a device, and with it its clock, depends on how many bits
 * change: on constants a product runs faster than in any model.
 */
final class Noise {
  /** Values that differ; a larger tensor repeats them. */
  private static final int BLOCK = 1 << 18;

  private static final long SEED = 1;
  private static final int STREAM = 93;

  private Noise() {}

  /** A new tensor, uniform in [-scale, scale). */
  static Tensor of(Arena arena, DType type, double scale, int... dims) {
    Tensor t = arena.tensor(type, Shape.of(dims));
    Backend backend = arena.backend();
    int first = (int) Math.min(t.size(), BLOCK);
    float[] values = new float[first];
    for (int i = 0; i < first; i++) {
      values[i] = (float) (scale * (2 * Philox.uniform(SEED, STREAM, 0, 0, i) - 1));
    }
    backend.write(t.view(0, Shape.of(first)), values, 0);
    for (long done = first; done < t.size(); ) {
      int more = (int) Math.min(done, t.size() - done);
      backend.copy(t.view(0, Shape.of(more)), t.view(done, Shape.of(more)));
      done += more;
    }
    return t;
  }

  /** The same in F32, up to 1. */
  static Tensor of(Arena arena, int... dims) {
    return of(arena, DType.F32, 1, dims);
  }
}
