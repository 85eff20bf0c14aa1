package dev.anechoic.kernels.heap;

import dev.anechoic.tensor.Buffer;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/**
 * One Java array: {@code float[]}, {@code int[]} or {@code short[]} (bfloat16) by element type.
 *
 * @param dtype element type
 * @param array the elements
 * @param size number of elements
 */
public record HeapBuffer(DType dtype, Object array, long size) implements Buffer {

  /**
   * New memory, zeroed.
   *
   * @throws TensorException of kind MEMORY where an array or the heap has no room
   */
  public static HeapBuffer allocate(DType dtype, long elements) {
    if (elements > Integer.MAX_VALUE - 8) {
      throw new TensorException(
          TensorException.Kind.MEMORY,
          "buffer of " + elements + " " + dtype,
          "a buffer on the heap is one Java array of at most 2^31 - 9 elements");
    }
    int length = (int) elements;
    try {
      Object array =
          switch (dtype) {
            case F32 -> new float[length];
            case I32 -> new int[length];
            case BF16 -> new short[length];
            case F64 ->
                throw new TensorException(
                    TensorException.Kind.DTYPE,
                    "buffer of " + elements + " F64",
                    "CPU backends compute in single precision; ask for backend.floatType()");
          };
      return new HeapBuffer(dtype, array, elements);
    } catch (OutOfMemoryError e) {
      throw new TensorException(
          TensorException.Kind.MEMORY,
          "buffer of " + elements * dtype.bytes() + " bytes",
          "the Java heap of at most "
              + Runtime.getRuntime().maxMemory()
              + " bytes has no room; raise -Xmx",
          e);
    }
  }

  /** The array under an F32 tensor. */
  public static float[] floats(Tensor t) {
    return (float[]) arrayOf(t, DType.F32);
  }

  /** The array under an I32 tensor. */
  public static int[] ints(Tensor t) {
    return (int[]) arrayOf(t, DType.I32);
  }

  /** The array under a BF16 tensor. */
  public static short[] shorts(Tensor t) {
    return (short[]) arrayOf(t, DType.BF16);
  }

  /** Where a tensor starts in its array. */
  public static int at(Tensor t) {
    return (int) t.offset();
  }

  /** Number of elements; a tensor of these backends fits one array. */
  public static int size(Tensor t) {
    return (int) t.size();
  }

  private static Object arrayOf(Tensor t, DType expected) {
    t.checkAlive("kernel");
    if (t.buffer() instanceof HeapBuffer buffer && buffer.dtype() == expected) {
      return buffer.array();
    }
    throw new TensorException(
        TensorException.Kind.DTYPE,
        "kernel on " + t,
        "an " + expected + " tensor from an arena of a CPU backend is expected here");
  }
}
