package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Buffer;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/**
 * A run of device memory.
 *
 * @param address of the first element on the device
 * @param bytes as taken from the pool
 */
record CudaBuffer(long address, DType dtype, long size, long bytes) implements Buffer {

  /** The device address of a tensor's first element. */
  static long addressOf(Tensor t) {
    if (t.buffer() instanceof CudaBuffer buffer) {
      return buffer.address + t.offset() * buffer.dtype.bytes();
    }
    throw new TensorException(
        TensorException.Kind.BACKEND,
        "tensor " + t,
        "it lives on another backend; copy it through the host");
  }
}
