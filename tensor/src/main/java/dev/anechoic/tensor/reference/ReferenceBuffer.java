package dev.anechoic.tensor.reference;

import dev.anechoic.tensor.Buffer;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/** One Java array: {@code double[]}, {@code int[]} or {@code short[]} by element type. */
record ReferenceBuffer(DType dtype, Object array, long size) implements Buffer {

  static ReferenceBuffer allocate(DType dtype, long elements) {
    if (elements > Integer.MAX_VALUE - 8) {
      throw new TensorException(
          TensorException.Kind.MEMORY,
          "reference buffer of %,d %s".formatted(elements, dtype),
          "a buffer of the reference backend is one Java array of at most %,d elements"
              .formatted(Integer.MAX_VALUE - 8));
    }
    int length = (int) elements;
    try {
      Object array =
          switch (dtype) {
            case F64 -> new double[length];
            case I32 -> new int[length];
            case BF16 -> new short[length];
            case F32 ->
                throw new TensorException(
                    TensorException.Kind.DTYPE,
                    "reference buffer of " + elements + " F32",
                    "the reference computes in double; ask for backend.floatType()");
          };
      return new ReferenceBuffer(dtype, array, elements);
    } catch (OutOfMemoryError e) {
      throw new TensorException(
          TensorException.Kind.MEMORY,
          "reference buffer of %,d %s".formatted(elements, dtype),
          "the Java heap of at most %,d bytes has no room; raise -Xmx"
              .formatted(Runtime.getRuntime().maxMemory()),
          e);
    }
  }

  static Object arrayOf(Tensor t, DType expected) {
    t.checkAlive("reference kernel");
    if (t.buffer() instanceof ReferenceBuffer buffer && buffer.dtype() == expected) {
      return buffer.array();
    }
    throw new TensorException(
        TensorException.Kind.DTYPE,
        "reference kernel on " + t,
        "an " + expected + " tensor from an arena of the reference backend is expected here");
  }
}
