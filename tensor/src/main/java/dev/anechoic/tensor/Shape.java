package dev.anechoic.tensor;

import java.util.Arrays;

/** The extents of a tensor, row-major, immutable. Rank 0 is a scalar; an extent may be 0. */
public final class Shape {
  private final int[] dims;
  private final long size;

  private Shape(int[] dims) {
    this.dims = dims;
    long product = 1;
    for (int dim : dims) {
      if (dim < 0) {
        throw new TensorException(
            TensorException.Kind.SHAPE, "shape " + Arrays.toString(dims), "extents are at least 0");
      }
      if (dim > 0 && product > Long.MAX_VALUE / dim) {
        throw new TensorException(
            TensorException.Kind.SHAPE,
            "shape " + Arrays.toString(dims),
            "a tensor has fewer than 2^63 elements");
      }
      product *= dim;
    }
    this.size = product;
  }

  /** The shape with these extents, outermost first. */
  public static Shape of(int... dims) {
    return new Shape(dims.clone());
  }

  public int rank() {
    return dims.length;
  }

  /** Extent of an axis; negative axes count from the end, so {@code dim(-1)} is the last. */
  public int dim(int axis) {
    int at = axis < 0 ? dims.length + axis : axis;
    if (at < 0 || at >= dims.length) {
      throw new TensorException(
          TensorException.Kind.INDEX,
          "axis " + axis + " of shape " + this,
          "expected an axis in [" + -dims.length + ", " + dims.length + ")");
    }
    return dims[at];
  }

  /** Number of elements. */
  public long size() {
    return size;
  }

  /** Extent of the last axis; 1 for a scalar. */
  public int columns() {
    return dims.length == 0 ? 1 : dims[dims.length - 1];
  }

  /** Product of all extents but the last: the tensor seen as a matrix of {@link #columns}. */
  public long rows() {
    long product = 1;
    for (int i = 0; i < dims.length - 1; i++) {
      product *= dims[i];
    }
    return product;
  }

  /** Whether this is exactly the rank-1 shape [d0]; no allocation. */
  public boolean is(int d0) {
    return dims.length == 1 && dims[0] == d0;
  }

  /** Whether this is exactly [d0, d1]; no allocation. */
  public boolean is(int d0, int d1) {
    return dims.length == 2 && dims[0] == d0 && dims[1] == d1;
  }

  /** Whether this is exactly [d0, d1, d2]; no allocation. */
  public boolean is(int d0, int d1, int d2) {
    return dims.length == 3 && dims[0] == d0 && dims[1] == d1 && dims[2] == d2;
  }

  /** Whether this is exactly [d0, d1, d2, d3]; no allocation. */
  public boolean is(int d0, int d1, int d2, int d3) {
    return dims.length == 4 && dims[0] == d0 && dims[1] == d1 && dims[2] == d2 && dims[3] == d3;
  }

  /** Whether this is {@code other} with its last extent replaced by {@code columns}. */
  public boolean isWithColumns(Shape other, int columns) {
    if (dims.length != other.dims.length || dims.length == 0 || columns() != columns) {
      return false;
    }
    for (int i = 0; i < dims.length - 1; i++) {
      if (dims[i] != other.dims[i]) {
        return false;
      }
    }
    return true;
  }

  /** Whether the last extents of this shape are those of {@code other}; no allocation. */
  public boolean endsWith(Shape other) {
    int skipped = dims.length - other.dims.length;
    for (int i = 0; skipped >= 0 && i < other.dims.length; i++) {
      if (dims[skipped + i] != other.dims[i]) {
        return false;
      }
    }
    return skipped >= 0;
  }

  /** This shape with its last extent replaced. */
  public Shape withColumns(int columns) {
    int[] changed = dims.clone();
    changed[changed.length - 1] = columns;
    return new Shape(changed);
  }

  /** A copy of the extents, outermost first. */
  public int[] toArray() {
    return dims.clone();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Shape other && Arrays.equals(dims, other.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** For messages: {@code [64, 96, 128]}. */
  @Override
  public String toString() {
    return Arrays.toString(dims);
  }
}
