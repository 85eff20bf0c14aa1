package dev.anechoic.kernels.simd;

/**
 * A matrix B in the layout of the product's inner loop, packed once and used many times: for
 * weights while sampling. Later writes to the source are not seen until {@link #pack} runs again.
 */
public final class PackedB {
  private final int depth;
  private final int columns;
  private final float[] panels;

  /**
   * Room for a matrix {@code [depth, columns]}.
   *
   * @throws IllegalArgumentException if a size is negative or the panels exceed an array
   */
  public PackedB(int depth, int columns) {
    long floats = (long) panelsOf(columns) * GemmPacking.PANEL * depth;
    if (depth < 0 || columns < 0 || floats > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "PackedB: [" + depth + ", " + columns + "] is not a size that fits one array");
    }
    this.depth = depth;
    this.columns = columns;
    this.panels = new float[(int) floats];
  }

  /** Rows of B. */
  public int depth() {
    return depth;
  }

  /** Columns of B. */
  public int columns() {
    return columns;
  }

  float[] panels() {
    return panels;
  }

  /** Copies B in: {@code [depth, columns]} rows {@code ldb} apart, or its transpose. */
  public void pack(boolean transB, float[] b, int bAt, int ldb) {
    for (int p = 0; p < panelsOf(columns); p++) {
      int j = p * GemmPacking.PANEL;
      int wide = Math.min(GemmPacking.PANEL, columns - j);
      int at = j * depth;
      if (transB) {
        GemmPacking.packTransposed(b, bAt + j * ldb, ldb, depth, wide, panels, at);
      } else {
        GemmPacking.pack(b, bAt + j, ldb, depth, wide, panels, at);
      }
    }
  }

  static int panelsOf(int columns) {
    return (columns + GemmPacking.PANEL - 1) / GemmPacking.PANEL;
  }
}
