package dev.anechoic.tensor;

/** Element types. Storage only: the precision of the arithmetic is stated by each kernel. */
public enum DType {
  /** IEEE binary32, the working type of every backend but the reference. */
  F32(4),
  /** IEEE binary64, the working type of the reference backend. */
  F64(8),
  /** The upper half of a binary32; storage for tensor-core operands. */
  BF16(2),
  /** Signed 32-bit integers: token ids, positions, row indices. */
  I32(4);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes per element. */
  public int bytes() {
    return bytes;
  }

  /** Whether the type can carry a gradient. */
  public boolean isFloating() {
    return this != I32;
  }
}
