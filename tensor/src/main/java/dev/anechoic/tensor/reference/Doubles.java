package dev.anechoic.tensor.reference;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;

/** The elements of an F64 tensor, by flat index or as a matrix of rows and columns. */
final class Doubles {
  final int size;
  final int rows;
  final int columns;
  private final double[] array;
  private final int offset;

  private Doubles(double[] array, Tensor t) {
    this.array = array;
    this.offset = Math.toIntExact(t.offset());
    this.size = Math.toIntExact(t.size());
    this.rows = Math.toIntExact(t.rows());
    this.columns = t.columns();
  }

  static Doubles of(Tensor t) {
    return new Doubles((double[]) ReferenceBuffer.arrayOf(t, DType.F64), t);
  }

  double at(int i) {
    return array[offset + i];
  }

  double at(int row, int column) {
    return array[offset + row * columns + column];
  }

  void put(int i, double value) {
    array[offset + i] = value;
  }

  void put(int row, int column, double value) {
    array[offset + row * columns + column] = value;
  }

  /** Overwrites, or adds where {@code accumulate}. */
  void put(int i, double value, boolean accumulate) {
    array[offset + i] = accumulate ? array[offset + i] + value : value;
  }

  /** Overwrites, or adds where {@code accumulate}. */
  void put(int row, int column, double value, boolean accumulate) {
    put(row * columns + column, value, accumulate);
  }

  void fill(double value) {
    java.util.Arrays.fill(array, offset, offset + size, value);
  }
}
