package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import org.jspecify.annotations.Nullable;

/** Copies and elementwise arithmetic: {@code fill.cu}, {@code copy.cu}, {@code elementwise.cu}. */
interface CudaElementwise extends CudaKernels {

  @Override
  default void fill(Tensor x, double value) {
    switch (x.dtype()) {
      case I32 ->
          gpu().elements("fillI32", x.size()).out(x).arg(x.size()).arg((long) value).launch();
      case BF16 ->
          gpu().elements("fillBf16", x.size()).out(x).arg(x.size()).arg((float) value).launch();
      default ->
          gpu().elements("fillF32", x.size()).out(x).arg(x.size()).arg((float) value).launch();
    }
  }

  @Override
  default void copy(Tensor src, Tensor dst) {
    if (src.size() != dst.size() || src.dtype().isFloating() != dst.dtype().isFloating()) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          "copy of " + src + " to " + dst,
          "sizes must be equal, and integers go to integers");
    }
    String name =
        switch (src.dtype()) {
          case F32 -> dst.dtype() == DType.BF16 ? "copyF32ToBf16" : "copyWords";
          case BF16 -> dst.dtype() == DType.BF16 ? "copyHalfWords" : "copyBf16ToF32";
          default -> "copyWords";
        };
    gpu().elements(name, src.size()).arg(src).out(dst).arg(src.size()).launch();
  }

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
    String name = src.dtype() == DType.I32 ? "copyBlockI32" : "copyBlock";
    gpu().written(dst);
    gpu()
        .elements(name, (long) rows * columns)
        .arg(CudaBuffer.addressOf(src) + srcOffset * src.dtype().bytes())
        .arg(srcStride)
        .arg(CudaBuffer.addressOf(dst) + dstOffset * dst.dtype().bytes())
        .arg(dstStride)
        .arg(rows)
        .arg(columns)
        .arg(accumulate)
        .launch();
  }

  @Override
  default void permute(Tensor x, int[] axes, Tensor out, boolean accumulate) {
    int rank = axes.length;
    int lead = 4 - rank; // leading axes of extent 1
    Kernel kernel = gpu().elements("permute", x.size()).arg(x).out(out);
    for (int i = 1; i < 4; i++) {
      kernel.arg(i < lead ? 1 : out.dim(i - lead));
    }
    kernel.arg(x.size());
    for (int i = 0; i < 4; i++) {
      kernel.arg(i < lead ? 0 : stride(x, axes[i - lead]));
    }
    kernel.arg(accumulate).launch();
  }

  private static long stride(Tensor x, int axis) {
    long stride = 1;
    for (int i = x.shape().rank() - 1; i > axis; i--) {
      stride *= x.dim(i);
    }
    return stride;
  }

  @Override
  default void add(Tensor a, Tensor b, Tensor out) {
    gpu().elements("add", a.size()).arg(a).arg(b).out(out).arg(a.size()).arg(b.size()).launch();
  }

  @Override
  default void mul(Tensor a, Tensor b, Tensor out) {
    gpu().elements("mul", a.size()).arg(a).arg(b).out(out).arg(a.size()).launch();
  }

  @Override
  default void mulBackward(
      Tensor a,
      Tensor b,
      Tensor dOut,
      @Nullable Tensor dA,
      boolean accumulateA,
      @Nullable Tensor dB,
      boolean accumulateB) {
    if (dA != null) {
      factorGradient(b, dOut, dA, accumulateA);
    }
    if (dB != null) {
      factorGradient(a, dOut, dB, accumulateB);
    }
  }

  private void factorGradient(Tensor other, Tensor dOut, Tensor dFactor, boolean accumulate) {
    gpu()
        .elements("mulBackward", dOut.size())
        .arg(other)
        .arg(dOut)
        .out(dFactor)
        .arg(dOut.size())
        .arg(accumulate)
        .launch();
  }

  @Override
  default void scale(Tensor x, double factor, Tensor out, boolean accumulate) {
    gpu()
        .elements("scale", x.size())
        .arg(x)
        .out(out)
        .arg(x.size())
        .arg((float) factor)
        .arg(accumulate)
        .launch();
  }
}
