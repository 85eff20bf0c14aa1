package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Kernels;

/** What the families of kernel methods share. */
interface CudaKernels extends Kernels {
  /** The device that launches. */
  CudaDevice gpu();

  /** Whether matrix products and attention round their operands to bf16 for the tensor cores. */
  boolean bf16();

  /** {@code ceil(a / b)}. */
  static int blocks(long a, int b) {
    return Math.toIntExact((a + b - 1) / b);
  }
}
