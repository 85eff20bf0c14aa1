package dev.anechoic.kernels.emulated;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Tensor;
import java.util.Random;

/** Normally distributed operands. */
final class Normal {
  private Normal() {}

  static Tensor tensor(Arena arena, Random random, int... dims) {
    int size = 1;
    for (int dim : dims) {
      size *= dim;
    }
    return arena.of(values(random, size), dims);
  }

  static float[] values(Random random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
