package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** One tensor of a kernel call: its role, shape and host values. Declared by {@link OpCase}. */
public final class Operand {
  /** What the kernel does with it. */
  public enum Role {
    /** Read only. */
    IN,
    /** Read only; made by the forward kernel, so the reference fills it in before the test. */
    SAVED,
    /** Written without being read. */
    OUT,
    /** A gradient: overwritten, or added to, as the call says. */
    GRADIENT,
    /** Read and written. */
    IN_OUT,
    /** Not part of the call: the forward's input or output that {@link OpCase#prepare} needs. */
    HELPER,
    /** Read and written, NaN at first, in an order of elements that only the backend knows. */
    OPAQUE
  }

  final int number;
  final String name;
  final String letters;
  final Role role;
  final DType dtype;
  final Shape shape;
  private final Domain domain;
  private final long seed;
  private double @Nullable [] values;
  boolean rowwise;
  boolean masks;
  boolean differentiable;
  int timeAxis = -1;
  int indexBound = -1;
  boolean zeroInPadding;

  /**
   * @param label name and shape letters, such as {@code x [R,C]}
   * @param dtype F64 stands for the backend's own float type
   */
  Operand(int number, String label, Role role, DType dtype, Shape shape, Domain domain, long seed) {
    int space = label.indexOf(' ');
    this.number = number;
    this.name = space < 0 ? label : label.substring(0, space);
    this.letters = space < 0 ? "" : label.substring(space + 1);
    this.role = role;
    this.dtype = dtype;
    this.shape = shape;
    this.domain = domain;
    this.seed = seed;
  }

  /** One host value, where {@link #values} would be more than is wanted. */
  double at(int i) {
    return domain.at(seed, number, i);
  }

  /** The host values, each one that a float holds; made on first use. */
  double[] values() {
    if (values == null) {
      values = new double[size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) domain.at(seed, number, i);
      }
    }
    return values;
  }

  // ---- properties, set by the declaration ---------------------------------------------------

  /** Axis 0 counts independent rows: a row's results depend on that row alone. */
  public Operand rows() {
    rowwise = true;
    return this;
  }

  /** The loss is differentiable with respect to it, and the op's backward gives that gradient. */
  public Operand differentiable() {
    differentiable = true;
    return this;
  }

  /**
   * A row where it is negative (indices) or 0 (floats) is masked: its other inputs do not matter.
   */
  public Operand masks() {
    masks = true;
    return this;
  }

  /** This axis counts time: results at a time do not depend on later times. */
  public Operand time(int axis) {
    timeAxis = axis;
    return this;
  }

  /** In the padded run, zero at the times beyond the shorter one: an incoming gradient. */
  public Operand zeroInPadding() {
    zeroInPadding = true;
    return this;
  }

  /** The kernel must refuse a value of {@code bound}. */
  public Operand below(int bound) {
    indexBound = bound;
    return this;
  }

  // ---- queries ------------------------------------------------------------------------------

  public String name() {
    return name;
  }

  /** Shape in letters, for the documentation; empty where none was given. */
  public String letters() {
    return letters;
  }

  public Role role() {
    return role;
  }

  public Shape shape() {
    return shape;
  }

  public boolean isDifferentiable() {
    return differentiable;
  }

  int size() {
    return Math.toIntExact(shape.size());
  }

  boolean isFloat() {
    return dtype != DType.I32;
  }

  boolean isInput() {
    return role == Role.IN || role == Role.SAVED;
  }

  /** Whether the kernel writes it and the result can be compared. */
  boolean isOutput() {
    return role == Role.OUT || role == Role.GRADIENT || role == Role.IN_OUT;
  }

  /** Elements per index of axis 0. */
  int rowSize() {
    return shape.rank() == 0 || shape.dim(0) == 0 ? 0 : size() / shape.dim(0);
  }

  @Override
  public String toString() {
    return name + shape;
  }
}
