package dev.anechoic.kernels.simd;

/**
 * A matrix product inside a task: no packing, no threads, operands in scratch memory whose rows are
 * whole vectors. The order of every sum is that of {@link Sgemm}: one chain over k.
 */
final class SmallGemm {
  private static final int V = Lanes.V;
  private static final float[] ZEROS = new float[4 * V];

  private SmallGemm() {}

  /** {@code n} rounded up to whole vectors. */
  static int padded(int n) {
    return (n + V - 1) & -V;
  }

  /**
   * {@code C[m, columns] (+)= op(A)[m, depth] B[depth, columns]}; {@code columns} is rounded up to
   * whole vectors, which B and C must have room for.
   */
  static void multiply(
      boolean transA,
      int m,
      int columns,
      int depth,
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      boolean accumulate,
      float[] c,
      int cAt,
      int ldc) {
    float[] start = accumulate ? c : ZEROS;
    int lds = accumulate ? ldc : 0;
    for (int j = 0; j < columns; ) {
      int left = columns - j;
      int vectors = GemmTiles.WIDTH > 2 * V && left > 2 * V ? 4 : left > V ? 2 : 1;
      if (vectors == 4 && left <= 3 * V) {
        vectors = 2; // 2 + 1: B need not have room for a fourth vector
      }
      for (int i = 0; i < m; ) {
        int rows = GemmTiles.rowsOfNext(m - i);
        int startAt = accumulate ? cAt + i * ldc + j : 0;
        int aRow = aAt + (transA ? i : i * lda);
        int to = cAt + i * ldc + j;
        switch (vectors) {
          case 4 ->
              GemmTiles.tile(
                  rows, transA, a, aRow, lda, b, bAt + j, ldb, depth, start, startAt, lds, c, to,
                  ldc);
          case 2 ->
              GemmTiles.pair(
                  rows, transA, a, aRow, lda, b, bAt + j, ldb, depth, start, startAt, lds, c, to,
                  ldc);
          default ->
              GemmTiles.single(
                  rows, transA, a, aRow, lda, b, bAt + j, ldb, depth, start, startAt, lds, c, to,
                  ldc);
        }
        i += rows;
      }
      j += vectors * V;
    }
  }
}
