package dev.anechoic.kernels.heap;

import dev.anechoic.tensor.BFloat16;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.Buffer;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import java.util.Arrays;

/** The memory methods of a backend whose tensors lie in Java arrays. */
public interface HeapMemory extends Backend {

  @Override
  default DType floatType() {
    return DType.F32;
  }

  @Override
  default Buffer allocate(DType dtype, long elements) {
    return HeapBuffer.allocate(dtype, elements);
  }

  @Override
  default void free(Buffer buffer) {
    // The garbage collector takes the array.
  }

  @Override
  default void write(Tensor dst, float[] src, int from) {
    dst.checkHostArray("write", src.length, from);
    int at = HeapBuffer.at(dst);
    int size = HeapBuffer.size(dst);
    if (dst.dtype() == DType.BF16) {
      short[] array = HeapBuffer.shorts(dst);
      for (int i = 0; i < size; i++) {
        array[at + i] = BFloat16.fromFloat(src[from + i]);
      }
    } else {
      System.arraycopy(src, from, HeapBuffer.floats(dst), at, size);
    }
  }

  @Override
  default void write(Tensor dst, int[] src, int from) {
    dst.checkHostArray("write", src.length, from);
    System.arraycopy(src, from, HeapBuffer.ints(dst), HeapBuffer.at(dst), HeapBuffer.size(dst));
  }

  @Override
  default void write(Tensor dst, double[] src, int from) {
    dst.checkHostArray("write", src.length, from);
    int at = HeapBuffer.at(dst);
    int size = HeapBuffer.size(dst);
    if (dst.dtype() == DType.BF16) {
      short[] array = HeapBuffer.shorts(dst);
      for (int i = 0; i < size; i++) {
        array[at + i] = BFloat16.fromFloat((float) src[from + i]);
      }
    } else {
      float[] array = HeapBuffer.floats(dst);
      for (int i = 0; i < size; i++) {
        array[at + i] = (float) src[from + i];
      }
    }
  }

  @Override
  default void read(Tensor src, float[] dst, int from) {
    src.checkHostArray("read", dst.length, from);
    int at = HeapBuffer.at(src);
    int size = HeapBuffer.size(src);
    if (src.dtype() == DType.BF16) {
      short[] array = HeapBuffer.shorts(src);
      for (int i = 0; i < size; i++) {
        dst[from + i] = BFloat16.toFloat(array[at + i]);
      }
    } else {
      System.arraycopy(HeapBuffer.floats(src), at, dst, from, size);
    }
  }

  @Override
  default void read(Tensor src, int[] dst, int from) {
    src.checkHostArray("read", dst.length, from);
    System.arraycopy(HeapBuffer.ints(src), HeapBuffer.at(src), dst, from, HeapBuffer.size(src));
  }

  @Override
  default void read(Tensor src, double[] dst, int from) {
    src.checkHostArray("read", dst.length, from);
    int at = HeapBuffer.at(src);
    int size = HeapBuffer.size(src);
    if (src.dtype() == DType.BF16) {
      short[] array = HeapBuffer.shorts(src);
      for (int i = 0; i < size; i++) {
        dst[from + i] = BFloat16.toFloat(array[at + i]);
      }
    } else {
      float[] array = HeapBuffer.floats(src);
      for (int i = 0; i < size; i++) {
        dst[from + i] = array[at + i];
      }
    }
  }

  @Override
  default void fill(Tensor x, double value) {
    int from = HeapBuffer.at(x);
    int to = from + HeapBuffer.size(x);
    switch (x.dtype()) {
      case I32 -> Arrays.fill(HeapBuffer.ints(x), from, to, (int) value);
      case BF16 -> Arrays.fill(HeapBuffer.shorts(x), from, to, BFloat16.fromFloat((float) value));
      default -> Arrays.fill(HeapBuffer.floats(x), from, to, (float) value);
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
    int from = HeapBuffer.at(src);
    int to = HeapBuffer.at(dst);
    int size = HeapBuffer.size(src);
    switch (src.dtype()) {
      case I32 -> System.arraycopy(HeapBuffer.ints(src), from, HeapBuffer.ints(dst), to, size);
      case BF16 -> {
        if (dst.dtype() == DType.BF16) {
          System.arraycopy(HeapBuffer.shorts(src), from, HeapBuffer.shorts(dst), to, size);
        } else {
          read(src, HeapBuffer.floats(dst), to);
        }
      }
      default -> write(dst, HeapBuffer.floats(src), from);
    }
  }

  @Override
  default void synchronize() {
    // Every kernel has finished when it returns.
  }
}
