package dev.anechoic.kernels.scalar;

import dev.anechoic.kernels.heap.HeapBuffer;
import dev.anechoic.tensor.Tensor;

/** The elements of an F32 tensor, by flat index or as a matrix of rows and columns. */
final class Floats {
  final int size;
  final int rows;
  final int columns;
  private final float[] array;
  private final int offset;

  private Floats(float[] array, Tensor t) {
    this.array = array;
    this.offset = Math.toIntExact(t.offset());
    this.size = Math.toIntExact(t.size());
    this.rows = Math.toIntExact(t.rows());
    this.columns = t.columns();
  }

  static Floats of(Tensor t) {
    return new Floats(HeapBuffer.floats(t), t);
  }

  float at(int i) {
    return array[offset + i];
  }

  float at(int row, int column) {
    return array[offset + row * columns + column];
  }

  void put(int i, float value) {
    array[offset + i] = value;
  }

  void put(int row, int column, float value) {
    array[offset + row * columns + column] = value;
  }

  /** Overwrites, or adds where {@code accumulate}. */
  void put(int i, float value, boolean accumulate) {
    array[offset + i] = accumulate ? array[offset + i] + value : value;
  }

  /** Overwrites, or adds where {@code accumulate}. */
  void put(int row, int column, float value, boolean accumulate) {
    put(row * columns + column, value, accumulate);
  }

  void fill(float value) {
    java.util.Arrays.fill(array, offset, offset + size, value);
  }
}
