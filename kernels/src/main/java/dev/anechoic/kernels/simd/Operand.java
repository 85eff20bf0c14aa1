package dev.anechoic.kernels.simd;

import dev.anechoic.kernels.heap.HeapBuffer;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Where the elements of a tensor lie during a call. Reused from call to call. */
final class Operand {
  private static final float[] NONE = {};

  float[] array = NONE;
  int at;
  boolean present;

  void set(Tensor t) {
    array = HeapBuffer.floats(t);
    at = HeapBuffer.at(t);
    present = true;
  }

  void setOrNone(@Nullable Tensor t) {
    if (t == null) {
      array = NONE;
      at = 0;
      present = false;
    } else {
      set(t);
    }
  }
}
