package dev.anechoic.kernels.simd;

import dev.anechoic.kernels.heap.HeapBuffer;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import org.jspecify.annotations.Nullable;

/** Where the elements of an I32 tensor lie during a call, with checks of what they hold. */
final class Indices {
  private static final int[] NONE = {};

  int[] array = NONE;
  int at;
  private @Nullable Tensor tensor;

  void set(Tensor t) {
    array = HeapBuffer.ints(t);
    at = HeapBuffer.at(t);
    tensor = t;
  }

  int get(int i) {
    return array[at + i];
  }

  /**
   * Checks that all of {@code count} elements lie below {@code bound}, and are not negative unless
   * negative means masked. Done before a kernel starts, so that a bad index changes nothing.
   */
  void check(int count, int bound, boolean masked, String op, String what) {
    for (int i = 0; i < count; i++) {
      int index = array[at + i];
      if (index >= bound || (index < 0 && !masked)) {
        throw new TensorException(
            TensorException.Kind.INDEX,
            op + ": " + what + "[" + i + "] = " + index + " in " + tensor,
            "expected an index in [0, " + bound + ")");
      }
    }
  }
}
