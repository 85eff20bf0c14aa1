package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;

/** Operands of matrix products rounded once, for measurements of the kernels alone. */
final class RoundedOperand {
  private RoundedOperand() {}

  /** The same values in the same places, in bf16. */
  static Tensor rows(CudaBackend backend, Arena arena, Tensor t) {
    Tensor rounded = arena.tensor(DType.BF16, t.shape());
    backend.copy(t, rounded);
    return rounded;
  }

  /**
   * Swizzled tiles of 64 x 64.
   *
   * @param kOutside whether k is the outer axis of t
   */
  static Tensor tiles(
      CudaBackend backend, Arena arena, Tensor t, boolean kOutside, int rows, int k) {
    int elements = Math.toIntExact(CudaMatmul.packedElements(rows, k));
    Tensor packed = arena.tensor(DType.BF16, elements);
    backend.pack(t, kOutside, CudaBuffer.addressOf(packed), rows, k, 1);
    return packed;
  }
}
