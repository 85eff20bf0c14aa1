package dev.anechoic.kernels.scalar;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Copies of blocks, permutation, and elementwise arithmetic. */
interface ElementwiseLoops extends Kernels {

  @Override
  default void copyBlock(
      Tensor src,
      long srcOffset,
      long srcStride,
      Tensor dst,
      long dstOffset,
      long dstStride,
      int rows,
      int columns,
      boolean accumulate) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        int from = Math.toIntExact(srcOffset + r * srcStride + c);
        int to = Math.toIntExact(dstOffset + r * dstStride + c);
        if (src.dtype() == DType.I32) {
          int old = accumulate ? Ints.of(dst).at(to) : 0;
          Ints.of(dst).put(to, old + Ints.of(src).at(from));
        } else {
          Floats.of(dst).put(to, Floats.of(src).at(from), accumulate);
        }
      }
    }
  }

  @Override
  default void permute(Tensor xTensor, int[] axes, Tensor outTensor, boolean accumulate) {
    Floats x = Floats.of(xTensor);
    Floats out = Floats.of(outTensor);
    int rank = axes.length;
    int[] at = new int[rank]; // index into out, one entry per axis
    for (int i = 0; i < out.size; i++) {
      int rest = i;
      for (int axis = rank - 1; axis >= 0; axis--) {
        at[axis] = rest % outTensor.dim(axis);
        rest /= outTensor.dim(axis);
      }
      int[] source = new int[rank];
      for (int axis = 0; axis < rank; axis++) {
        source[axes[axis]] = at[axis];
      }
      int from = 0;
      for (int axis = 0; axis < rank; axis++) {
        from = from * xTensor.dim(axis) + source[axis];
      }
      out.put(i, x.at(from), accumulate);
    }
  }

  @Override
  default void add(Tensor aTensor, Tensor bTensor, Tensor outTensor) {
    Floats a = Floats.of(aTensor);
    Floats b = Floats.of(bTensor);
    Floats out = Floats.of(outTensor);
    for (int i = 0; i < out.size; i++) {
      out.put(i, a.at(i) + b.at(i % b.size));
    }
  }

  @Override
  default void mul(Tensor aTensor, Tensor bTensor, Tensor outTensor) {
    Floats a = Floats.of(aTensor);
    Floats b = Floats.of(bTensor);
    Floats out = Floats.of(outTensor);
    for (int i = 0; i < out.size; i++) {
      out.put(i, a.at(i) * b.at(i));
    }
  }

  @Override
  default void mulBackward(
      Tensor aTensor,
      Tensor bTensor,
      Tensor dOutTensor,
      @Nullable Tensor dATensor,
      boolean accumulateA,
      @Nullable Tensor dBTensor,
      boolean accumulateB) {
    Floats a = Floats.of(aTensor);
    Floats b = Floats.of(bTensor);
    Floats dOut = Floats.of(dOutTensor);
    if (dATensor != null) {
      Floats dA = Floats.of(dATensor);
      for (int i = 0; i < dA.size; i++) {
        dA.put(i, dOut.at(i) * b.at(i), accumulateA);
      }
    }
    if (dBTensor != null) {
      Floats dB = Floats.of(dBTensor);
      for (int i = 0; i < dB.size; i++) {
        dB.put(i, dOut.at(i) * a.at(i), accumulateB);
      }
    }
  }

  @Override
  default void scale(Tensor xTensor, double factor, Tensor outTensor, boolean accumulate) {
    Floats x = Floats.of(xTensor);
    Floats out = Floats.of(outTensor);
    for (int i = 0; i < out.size; i++) {
      out.put(i, (float) factor * x.at(i), accumulate);
    }
  }
}
