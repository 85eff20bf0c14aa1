package dev.anechoic.kernels.simd;

/**
 * What one thread needs for the rows of a kernel: what passes from one loop over a row to the next.
 * It stays in cache, and is reused from call to call.
 *
 * <p>The rows have room for whole vectors and more, so loops over them need no mask.
 */
final class RowScratch {
  private static final int V = Lanes.V;

  /** Sums of every lane, and behind them the largest of every lane. */
  final float[] lanes = new float[2 * V];

  /** The elements of up to five operands that fill no vector: one vector each. */
  final float[] ends = new float[5 * V];

  /** The largest element of a row that is to come. */
  float maxAhead;

  /** Exponentials of a row, most often. */
  float[] p = {};

  /** Their logarithms. */
  float[] logP = {};

  /** Terms of a sum. */
  float[] terms = {};

  /** Sees to it that every row has room for so many elements. */
  void room(int columns) {
    int padded = columns + 2 * VectorMath.PAIR; // a row's end, and that of the next row
    if (p.length < padded) {
      p = new float[padded];
      logP = new float[padded];
      terms = new float[padded];
    }
  }
}
