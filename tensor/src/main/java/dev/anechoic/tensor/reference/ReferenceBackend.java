package dev.anechoic.tensor.reference;

import dev.anechoic.tensor.BFloat16;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.Buffer;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/**
 * The specification of every kernel: naive loops in double on one thread.
 *
 * <p>Tensors are F64 and I32; BF16 is storage that {@link #copy} converts.
 */
public final class ReferenceBackend
    implements Backend,
        ElementwiseLoops,
        SumLoops,
        MatmulLoops,
        SoftmaxLoops,
        NormLoops,
        ActivationLoops,
        AttentionLoops,
        LogitLoops,
        LossLoops,
        SampleLoops,
        AdamWLoops {
  static final String NAME = "reference";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return NAME + ": naive loops in double, 1 thread";
  }

  @Override
  public DType floatType() {
    return DType.F64;
  }

  @Override
  public int threads() {
    return 1;
  }

  // ---- memory -------------------------------------------------------------------------------

  @Override
  public Buffer allocate(DType dtype, long elements) {
    return ReferenceBuffer.allocate(dtype, elements);
  }

  @Override
  public void free(Buffer buffer) {
    // The garbage collector takes the array.
  }

  @Override
  public void write(Tensor dst, float[] src, int from) {
    dst.checkHostArray("write", src.length, from);
    if (dst.dtype() == DType.BF16) {
      short[] array = bf16(dst);
      for (int i = 0; i < dst.size(); i++) {
        array[(int) dst.offset() + i] = BFloat16.fromFloat(src[from + i]);
      }
      return;
    }
    Doubles d = Doubles.of(dst);
    for (int i = 0; i < d.size; i++) {
      d.put(i, src[from + i]);
    }
  }

  @Override
  public void write(Tensor dst, double[] src, int from) {
    dst.checkHostArray("write", src.length, from);
    if (dst.dtype() == DType.BF16) {
      short[] array = bf16(dst);
      for (int i = 0; i < dst.size(); i++) {
        array[(int) dst.offset() + i] = BFloat16.fromFloat((float) src[from + i]);
      }
      return;
    }
    Doubles d = Doubles.of(dst);
    for (int i = 0; i < d.size; i++) {
      d.put(i, src[from + i]);
    }
  }

  @Override
  public void write(Tensor dst, int[] src, int from) {
    dst.checkHostArray("write", src.length, from);
    Ints d = Ints.of(dst);
    for (int i = 0; i < d.size; i++) {
      d.put(i, src[from + i]);
    }
  }

  @Override
  public void read(Tensor src, float[] dst, int from) {
    src.checkHostArray("read", dst.length, from);
    if (src.dtype() == DType.BF16) {
      short[] array = bf16(src);
      for (int i = 0; i < src.size(); i++) {
        dst[from + i] = BFloat16.toFloat(array[(int) src.offset() + i]);
      }
      return;
    }
    Doubles s = Doubles.of(src);
    for (int i = 0; i < s.size; i++) {
      dst[from + i] = (float) s.at(i);
    }
  }

  @Override
  public void read(Tensor src, double[] dst, int from) {
    src.checkHostArray("read", dst.length, from);
    if (src.dtype() == DType.BF16) {
      short[] array = bf16(src);
      for (int i = 0; i < src.size(); i++) {
        dst[from + i] = BFloat16.toFloat(array[(int) src.offset() + i]);
      }
      return;
    }
    Doubles s = Doubles.of(src);
    for (int i = 0; i < s.size; i++) {
      dst[from + i] = s.at(i);
    }
  }

  @Override
  public void read(Tensor src, int[] dst, int from) {
    src.checkHostArray("read", dst.length, from);
    Ints s = Ints.of(src);
    for (int i = 0; i < s.size; i++) {
      dst[from + i] = s.at(i);
    }
  }

  @Override
  public void fill(Tensor x, double value) {
    switch (x.dtype()) {
      case I32 -> Ints.of(x).fill((int) value);
      case BF16 -> {
        int from = (int) x.offset();
        short bits = BFloat16.fromFloat((float) value);
        java.util.Arrays.fill(bf16(x), from, from + (int) x.size(), bits);
      }
      default -> Doubles.of(x).fill(value);
    }
  }

  @Override
  public void copy(Tensor src, Tensor dst) {
    if (src.size() != dst.size() || src.dtype().isFloating() != dst.dtype().isFloating()) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          "copy of " + src + " to " + dst,
          "sizes must be equal, and integers go to integers");
    }
    if (src.dtype() == DType.I32) {
      write(dst, src.toInts(), 0);
    } else {
      write(dst, src.toDoubles(), 0);
    }
  }

  private static short[] bf16(Tensor t) {
    return (short[]) ReferenceBuffer.arrayOf(t, DType.BF16);
  }

  @Override
  public void synchronize() {
    // Every kernel has finished when it returns.
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
