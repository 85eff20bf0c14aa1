package dev.anechoic.tensor.op;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/** Operand checks of the ops: a failed one names the op, the operands and what was expected. */
final class Check {
  private Check() {}

  static void shape(boolean holds, String op, Tensor a, String expected) {
    if (!holds) {
      throw new TensorException(TensorException.Kind.SHAPE, op + "(" + a + ")", expected);
    }
  }

  static void shape(boolean holds, String op, Tensor a, Tensor b, String expected) {
    if (!holds) {
      throw new TensorException(
          TensorException.Kind.SHAPE, op + "(" + a + ", " + b + ")", expected);
    }
  }

  static void sameShape(String op, Tensor a, Tensor b) {
    shape(a.shape().equals(b.shape()), op, a, b, "expected two operands of the same shape");
  }

  static void sameSize(String op, Tensor a, Tensor b) {
    shape(a.size() == b.size(), op, a, b, "expected operands of the same size");
  }

  /** A live floating-point operand. */
  static void floating(String op, Tensor a) {
    a.checkAlive(op);
    if (!a.dtype().isFloating()) {
      throw new TensorException(
          TensorException.Kind.DTYPE,
          op + "(" + a + ")",
          "expected a floating-point tensor; indices cannot be computed with");
    }
  }

  static void floating(String op, Tensor a, Tensor b) {
    floating(op, a);
    floating(op, b);
    if (a.dtype() != b.dtype()) {
      throw new TensorException(
          TensorException.Kind.DTYPE,
          op + "(" + a + ", " + b + ")",
          "expected operands of one type; copy one of them to the other's type");
    }
  }

  /** A live I32 operand. */
  static void indices(String op, Tensor a) {
    a.checkAlive(op);
    if (a.dtype() != DType.I32) {
      throw new TensorException(
          TensorException.Kind.DTYPE, op + "(" + a + ")", "expected an I32 tensor of indices");
    }
  }

  /** A live floating-point operand whose rows, along the last axis, are not empty. */
  static void rows(String op, Tensor x) {
    floating(op, x);
    shape(x.columns() > 0, op, x, "expected rows of at least one element");
  }

  /** Optional per-column parameter of a norm. */
  static void columns(String op, Tensor x, @org.jspecify.annotations.Nullable Tensor parameter) {
    if (parameter != null) {
      floating(op, x, parameter);
      shape(
          parameter.size() == x.columns(),
          op,
          x,
          parameter,
          "expected a parameter with one element per column");
    }
  }
}
