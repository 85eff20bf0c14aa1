package dev.anechoic.kernels.scalar;

import dev.anechoic.kernels.heap.HeapBuffer;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/** The elements of an I32 tensor. */
final class Ints {
  final int size;
  private final int[] array;
  private final int offset;
  private final Tensor tensor;

  private Ints(int[] array, Tensor t) {
    this.array = array;
    this.offset = Math.toIntExact(t.offset());
    this.size = Math.toIntExact(t.size());
    this.tensor = t;
  }

  static Ints of(Tensor t) {
    return new Ints(HeapBuffer.ints(t), t);
  }

  int at(int i) {
    return array[offset + i];
  }

  void put(int i, int value) {
    array[offset + i] = value;
  }

  void fill(int value) {
    java.util.Arrays.fill(array, offset, offset + size, value);
  }

  /** Element i, checked to lie in [0, bound). */
  int index(int i, int bound, String op, String what) {
    int value = at(i);
    if (value < 0 || value >= bound) {
      throw outOfRange(op, what, i, value, bound);
    }
    return value;
  }

  /** Element i, checked to lie below bound; negative values mean masked. */
  int maskedIndex(int i, int bound, String op, String what) {
    int value = at(i);
    if (value >= bound) {
      throw outOfRange(op, what, i, value, bound);
    }
    return value;
  }

  private TensorException outOfRange(String op, String what, int i, int value, int bound) {
    return new TensorException(
        TensorException.Kind.INDEX,
        "%s: %s[%d] = %d in %s".formatted(op, what, i, value, tensor),
        "expected an index in [0, " + bound + ")");
  }
}
