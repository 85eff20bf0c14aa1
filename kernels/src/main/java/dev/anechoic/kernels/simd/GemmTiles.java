package dev.anechoic.kernels.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The inner loops of the matrix product: a tile of C stays in registers while k runs.
 *
 * <p>{@code C[i,j] = start[i,j] + sum_k A[i,k] B[k,j]}, each element one chain of fused
 * multiply-adds in rising k, so the bits do not depend on the tile that computes it. {@code start}
 * may be C itself. With {@code lda} as row stride of A, {@code rowsRxN} reads {@code A[i,k]} at
 * {@code aAt + i * lda + k} and {@code columnsRxN} at {@code aAt + k * lda + i}.
 *
 * <p>Four vectors wide where the machine has 32 vector registers, two where it has 16. The loop
 * over k must not be unrolled by hand, and {@code ldb} must stay a variable: C2 unrolls the loop of
 * a constant stride by itself and then spills accumulators (5 % slower).
 */
final class GemmTiles {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  /** Columns that one call of {@link #tile} covers: what the registers hold beside 6 rows. */
  static final int WIDTH = (Lanes.MANY_REGISTERS ? 4 : 2) * V;

  /** Most rows of one tile. */
  static final int ROWS = 6;

  private GemmTiles() {}

  /**
   * Rows of the next tile when {@code left} rows remain. Eight go as 4 + 4: a tile of two rows has
   * too few accumulators to hide the latency of the multiply-add.
   */
  static int rowsOfNext(int left) {
    if (left >= ROWS && left != 8) {
      return ROWS;
    }
    return left >= 4 ? 4 : left >= 2 ? 2 : 1;
  }

  /** Computes one tile of {@code rows} (6, 4, 2 or 1) by {@link #WIDTH} elements. */
  static void tile(
      int rows,
      boolean transA,
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    if (Lanes.MANY_REGISTERS) {
      if (transA) {
        switch (rows) {
          case 6 -> columns6x4(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
          case 4 -> columns4x4(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
          case 2 -> columns2x4(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
          default -> columns1x4(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        }
      } else {
        switch (rows) {
          case 6 -> rows6x4(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
          case 4 -> rows4x4(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
          case 2 -> rows2x4(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
          default -> rows1x4(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        }
      }
    } else {
      pair(rows, transA, a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
    }
  }

  /** As {@link #tile}, two vectors wide. */
  static void pair(
      int rows,
      boolean transA,
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    if (transA) {
      switch (rows) {
        case 6 -> columns6x2(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        case 4 -> columns4x2(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        case 2 -> columns2x2(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        default -> columns1x2(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
      }
    } else {
      switch (rows) {
        case 6 -> rows6x2(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        case 4 -> rows4x2(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        case 2 -> rows2x2(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        default -> rows1x2(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
      }
    }
  }

  /** As {@link #tile}, one vector wide. */
  static void single(
      int rows,
      boolean transA,
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    if (transA) {
      switch (rows) {
        case 6 -> columns6x1(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        case 4 -> columns4x1(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        case 2 -> columns2x1(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        default -> columns1x1(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
      }
    } else {
      switch (rows) {
        case 6 -> rows6x1(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        case 4 -> rows4x1(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        case 2 -> rows2x1(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
        default -> rows1x1(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc);
      }
    }
  }

  /** 6 rows by 4 vectors; A is read along its rows. */
  static void rows6x4(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * V);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    FloatVector c12 = FloatVector.fromArray(F, start, startAt + lds + 2 * V);
    FloatVector c13 = FloatVector.fromArray(F, start, startAt + lds + 3 * V);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * lds + V);
    FloatVector c22 = FloatVector.fromArray(F, start, startAt + 2 * lds + 2 * V);
    FloatVector c23 = FloatVector.fromArray(F, start, startAt + 2 * lds + 3 * V);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * lds + V);
    FloatVector c32 = FloatVector.fromArray(F, start, startAt + 3 * lds + 2 * V);
    FloatVector c33 = FloatVector.fromArray(F, start, startAt + 3 * lds + 3 * V);
    FloatVector c40 = FloatVector.fromArray(F, start, startAt + 4 * lds);
    FloatVector c41 = FloatVector.fromArray(F, start, startAt + 4 * lds + V);
    FloatVector c42 = FloatVector.fromArray(F, start, startAt + 4 * lds + 2 * V);
    FloatVector c43 = FloatVector.fromArray(F, start, startAt + 4 * lds + 3 * V);
    FloatVector c50 = FloatVector.fromArray(F, start, startAt + 5 * lds);
    FloatVector c51 = FloatVector.fromArray(F, start, startAt + 5 * lds + V);
    FloatVector c52 = FloatVector.fromArray(F, start, startAt + 5 * lds + 2 * V);
    FloatVector c53 = FloatVector.fromArray(F, start, startAt + 5 * lds + 3 * V);
    int a0 = aAt;
    int a1 = aAt + lda;
    int a2 = aAt + 2 * lda;
    int a3 = aAt + 3 * lda;
    int a4 = aAt + 4 * lda;
    int a5 = aAt + 5 * lda;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector b2 = FloatVector.fromArray(F, b, bk + 2 * V);
      FloatVector b3 = FloatVector.fromArray(F, b, bk + 3 * V);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = FloatVector.broadcast(F, a[a3 + k]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
      FloatVector x4 = FloatVector.broadcast(F, a[a4 + k]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      c42 = x4.fma(b2, c42);
      c43 = x4.fma(b3, c43);
      FloatVector x5 = FloatVector.broadcast(F, a[a5 + k]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      c52 = x5.fma(b2, c52);
      c53 = x5.fma(b3, c53);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c02.intoArray(c, cAt + 2 * V);
    c03.intoArray(c, cAt + 3 * V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
    c12.intoArray(c, cAt + ldc + 2 * V);
    c13.intoArray(c, cAt + ldc + 3 * V);
    c20.intoArray(c, cAt + 2 * ldc);
    c21.intoArray(c, cAt + 2 * ldc + V);
    c22.intoArray(c, cAt + 2 * ldc + 2 * V);
    c23.intoArray(c, cAt + 2 * ldc + 3 * V);
    c30.intoArray(c, cAt + 3 * ldc);
    c31.intoArray(c, cAt + 3 * ldc + V);
    c32.intoArray(c, cAt + 3 * ldc + 2 * V);
    c33.intoArray(c, cAt + 3 * ldc + 3 * V);
    c40.intoArray(c, cAt + 4 * ldc);
    c41.intoArray(c, cAt + 4 * ldc + V);
    c42.intoArray(c, cAt + 4 * ldc + 2 * V);
    c43.intoArray(c, cAt + 4 * ldc + 3 * V);
    c50.intoArray(c, cAt + 5 * ldc);
    c51.intoArray(c, cAt + 5 * ldc + V);
    c52.intoArray(c, cAt + 5 * ldc + 2 * V);
    c53.intoArray(c, cAt + 5 * ldc + 3 * V);
  }

  /** 4 rows by 4 vectors; A is read along its rows. */
  static void rows4x4(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * V);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    FloatVector c12 = FloatVector.fromArray(F, start, startAt + lds + 2 * V);
    FloatVector c13 = FloatVector.fromArray(F, start, startAt + lds + 3 * V);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * lds + V);
    FloatVector c22 = FloatVector.fromArray(F, start, startAt + 2 * lds + 2 * V);
    FloatVector c23 = FloatVector.fromArray(F, start, startAt + 2 * lds + 3 * V);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * lds + V);
    FloatVector c32 = FloatVector.fromArray(F, start, startAt + 3 * lds + 2 * V);
    FloatVector c33 = FloatVector.fromArray(F, start, startAt + 3 * lds + 3 * V);
    int a0 = aAt;
    int a1 = aAt + lda;
    int a2 = aAt + 2 * lda;
    int a3 = aAt + 3 * lda;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector b2 = FloatVector.fromArray(F, b, bk + 2 * V);
      FloatVector b3 = FloatVector.fromArray(F, b, bk + 3 * V);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = FloatVector.broadcast(F, a[a3 + k]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c02.intoArray(c, cAt + 2 * V);
    c03.intoArray(c, cAt + 3 * V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
    c12.intoArray(c, cAt + ldc + 2 * V);
    c13.intoArray(c, cAt + ldc + 3 * V);
    c20.intoArray(c, cAt + 2 * ldc);
    c21.intoArray(c, cAt + 2 * ldc + V);
    c22.intoArray(c, cAt + 2 * ldc + 2 * V);
    c23.intoArray(c, cAt + 2 * ldc + 3 * V);
    c30.intoArray(c, cAt + 3 * ldc);
    c31.intoArray(c, cAt + 3 * ldc + V);
    c32.intoArray(c, cAt + 3 * ldc + 2 * V);
    c33.intoArray(c, cAt + 3 * ldc + 3 * V);
  }

  /** 2 rows by 4 vectors; A is read along its rows. */
  static void rows2x4(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * V);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    FloatVector c12 = FloatVector.fromArray(F, start, startAt + lds + 2 * V);
    FloatVector c13 = FloatVector.fromArray(F, start, startAt + lds + 3 * V);
    int a0 = aAt;
    int a1 = aAt + lda;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector b2 = FloatVector.fromArray(F, b, bk + 2 * V);
      FloatVector b3 = FloatVector.fromArray(F, b, bk + 3 * V);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c02.intoArray(c, cAt + 2 * V);
    c03.intoArray(c, cAt + 3 * V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
    c12.intoArray(c, cAt + ldc + 2 * V);
    c13.intoArray(c, cAt + ldc + 3 * V);
  }

  /** 1 rows by 4 vectors; A is read along its rows. */
  static void rows1x4(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * V);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * V);
    int a0 = aAt;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector b2 = FloatVector.fromArray(F, b, bk + 2 * V);
      FloatVector b3 = FloatVector.fromArray(F, b, bk + 3 * V);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c02.intoArray(c, cAt + 2 * V);
    c03.intoArray(c, cAt + 3 * V);
  }

  /** 6 rows by 4 vectors; A is read down its columns. */
  static void columns6x4(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * V);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    FloatVector c12 = FloatVector.fromArray(F, start, startAt + lds + 2 * V);
    FloatVector c13 = FloatVector.fromArray(F, start, startAt + lds + 3 * V);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * lds + V);
    FloatVector c22 = FloatVector.fromArray(F, start, startAt + 2 * lds + 2 * V);
    FloatVector c23 = FloatVector.fromArray(F, start, startAt + 2 * lds + 3 * V);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * lds + V);
    FloatVector c32 = FloatVector.fromArray(F, start, startAt + 3 * lds + 2 * V);
    FloatVector c33 = FloatVector.fromArray(F, start, startAt + 3 * lds + 3 * V);
    FloatVector c40 = FloatVector.fromArray(F, start, startAt + 4 * lds);
    FloatVector c41 = FloatVector.fromArray(F, start, startAt + 4 * lds + V);
    FloatVector c42 = FloatVector.fromArray(F, start, startAt + 4 * lds + 2 * V);
    FloatVector c43 = FloatVector.fromArray(F, start, startAt + 4 * lds + 3 * V);
    FloatVector c50 = FloatVector.fromArray(F, start, startAt + 5 * lds);
    FloatVector c51 = FloatVector.fromArray(F, start, startAt + 5 * lds + V);
    FloatVector c52 = FloatVector.fromArray(F, start, startAt + 5 * lds + 2 * V);
    FloatVector c53 = FloatVector.fromArray(F, start, startAt + 5 * lds + 3 * V);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector b2 = FloatVector.fromArray(F, b, bk + 2 * V);
      FloatVector b3 = FloatVector.fromArray(F, b, bk + 3 * V);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(F, a[ak + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = FloatVector.broadcast(F, a[ak + 2]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = FloatVector.broadcast(F, a[ak + 3]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
      FloatVector x4 = FloatVector.broadcast(F, a[ak + 4]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      c42 = x4.fma(b2, c42);
      c43 = x4.fma(b3, c43);
      FloatVector x5 = FloatVector.broadcast(F, a[ak + 5]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      c52 = x5.fma(b2, c52);
      c53 = x5.fma(b3, c53);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c02.intoArray(c, cAt + 2 * V);
    c03.intoArray(c, cAt + 3 * V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
    c12.intoArray(c, cAt + ldc + 2 * V);
    c13.intoArray(c, cAt + ldc + 3 * V);
    c20.intoArray(c, cAt + 2 * ldc);
    c21.intoArray(c, cAt + 2 * ldc + V);
    c22.intoArray(c, cAt + 2 * ldc + 2 * V);
    c23.intoArray(c, cAt + 2 * ldc + 3 * V);
    c30.intoArray(c, cAt + 3 * ldc);
    c31.intoArray(c, cAt + 3 * ldc + V);
    c32.intoArray(c, cAt + 3 * ldc + 2 * V);
    c33.intoArray(c, cAt + 3 * ldc + 3 * V);
    c40.intoArray(c, cAt + 4 * ldc);
    c41.intoArray(c, cAt + 4 * ldc + V);
    c42.intoArray(c, cAt + 4 * ldc + 2 * V);
    c43.intoArray(c, cAt + 4 * ldc + 3 * V);
    c50.intoArray(c, cAt + 5 * ldc);
    c51.intoArray(c, cAt + 5 * ldc + V);
    c52.intoArray(c, cAt + 5 * ldc + 2 * V);
    c53.intoArray(c, cAt + 5 * ldc + 3 * V);
  }

  /** 4 rows by 4 vectors; A is read down its columns. */
  static void columns4x4(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * V);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    FloatVector c12 = FloatVector.fromArray(F, start, startAt + lds + 2 * V);
    FloatVector c13 = FloatVector.fromArray(F, start, startAt + lds + 3 * V);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * lds + V);
    FloatVector c22 = FloatVector.fromArray(F, start, startAt + 2 * lds + 2 * V);
    FloatVector c23 = FloatVector.fromArray(F, start, startAt + 2 * lds + 3 * V);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * lds + V);
    FloatVector c32 = FloatVector.fromArray(F, start, startAt + 3 * lds + 2 * V);
    FloatVector c33 = FloatVector.fromArray(F, start, startAt + 3 * lds + 3 * V);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector b2 = FloatVector.fromArray(F, b, bk + 2 * V);
      FloatVector b3 = FloatVector.fromArray(F, b, bk + 3 * V);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(F, a[ak + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = FloatVector.broadcast(F, a[ak + 2]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = FloatVector.broadcast(F, a[ak + 3]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c02.intoArray(c, cAt + 2 * V);
    c03.intoArray(c, cAt + 3 * V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
    c12.intoArray(c, cAt + ldc + 2 * V);
    c13.intoArray(c, cAt + ldc + 3 * V);
    c20.intoArray(c, cAt + 2 * ldc);
    c21.intoArray(c, cAt + 2 * ldc + V);
    c22.intoArray(c, cAt + 2 * ldc + 2 * V);
    c23.intoArray(c, cAt + 2 * ldc + 3 * V);
    c30.intoArray(c, cAt + 3 * ldc);
    c31.intoArray(c, cAt + 3 * ldc + V);
    c32.intoArray(c, cAt + 3 * ldc + 2 * V);
    c33.intoArray(c, cAt + 3 * ldc + 3 * V);
  }

  /** 2 rows by 4 vectors; A is read down its columns. */
  static void columns2x4(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * V);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    FloatVector c12 = FloatVector.fromArray(F, start, startAt + lds + 2 * V);
    FloatVector c13 = FloatVector.fromArray(F, start, startAt + lds + 3 * V);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector b2 = FloatVector.fromArray(F, b, bk + 2 * V);
      FloatVector b3 = FloatVector.fromArray(F, b, bk + 3 * V);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(F, a[ak + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c02.intoArray(c, cAt + 2 * V);
    c03.intoArray(c, cAt + 3 * V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
    c12.intoArray(c, cAt + ldc + 2 * V);
    c13.intoArray(c, cAt + ldc + 3 * V);
  }

  /** 1 rows by 4 vectors; A is read down its columns. */
  static void columns1x4(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * V);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * V);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector b2 = FloatVector.fromArray(F, b, bk + 2 * V);
      FloatVector b3 = FloatVector.fromArray(F, b, bk + 3 * V);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c02.intoArray(c, cAt + 2 * V);
    c03.intoArray(c, cAt + 3 * V);
  }

  /** 6 rows by 2 vectors; A is read along its rows. */
  static void rows6x2(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * lds + V);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * lds + V);
    FloatVector c40 = FloatVector.fromArray(F, start, startAt + 4 * lds);
    FloatVector c41 = FloatVector.fromArray(F, start, startAt + 4 * lds + V);
    FloatVector c50 = FloatVector.fromArray(F, start, startAt + 5 * lds);
    FloatVector c51 = FloatVector.fromArray(F, start, startAt + 5 * lds + V);
    int a0 = aAt;
    int a1 = aAt + lda;
    int a2 = aAt + 2 * lda;
    int a3 = aAt + 3 * lda;
    int a4 = aAt + 4 * lda;
    int a5 = aAt + 5 * lda;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(F, a[a3 + k]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      FloatVector x4 = FloatVector.broadcast(F, a[a4 + k]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = FloatVector.broadcast(F, a[a5 + k]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
    c20.intoArray(c, cAt + 2 * ldc);
    c21.intoArray(c, cAt + 2 * ldc + V);
    c30.intoArray(c, cAt + 3 * ldc);
    c31.intoArray(c, cAt + 3 * ldc + V);
    c40.intoArray(c, cAt + 4 * ldc);
    c41.intoArray(c, cAt + 4 * ldc + V);
    c50.intoArray(c, cAt + 5 * ldc);
    c51.intoArray(c, cAt + 5 * ldc + V);
  }

  /** 4 rows by 2 vectors; A is read along its rows. */
  static void rows4x2(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * lds + V);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * lds + V);
    int a0 = aAt;
    int a1 = aAt + lda;
    int a2 = aAt + 2 * lda;
    int a3 = aAt + 3 * lda;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(F, a[a3 + k]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
    c20.intoArray(c, cAt + 2 * ldc);
    c21.intoArray(c, cAt + 2 * ldc + V);
    c30.intoArray(c, cAt + 3 * ldc);
    c31.intoArray(c, cAt + 3 * ldc + V);
  }

  /** 2 rows by 2 vectors; A is read along its rows. */
  static void rows2x2(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    int a0 = aAt;
    int a1 = aAt + lda;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
  }

  /** 1 rows by 2 vectors; A is read along its rows. */
  static void rows1x2(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    int a0 = aAt;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
  }

  /** 6 rows by 2 vectors; A is read down its columns. */
  static void columns6x2(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * lds + V);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * lds + V);
    FloatVector c40 = FloatVector.fromArray(F, start, startAt + 4 * lds);
    FloatVector c41 = FloatVector.fromArray(F, start, startAt + 4 * lds + V);
    FloatVector c50 = FloatVector.fromArray(F, start, startAt + 5 * lds);
    FloatVector c51 = FloatVector.fromArray(F, start, startAt + 5 * lds + V);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(F, a[ak + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = FloatVector.broadcast(F, a[ak + 2]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(F, a[ak + 3]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      FloatVector x4 = FloatVector.broadcast(F, a[ak + 4]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = FloatVector.broadcast(F, a[ak + 5]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
    c20.intoArray(c, cAt + 2 * ldc);
    c21.intoArray(c, cAt + 2 * ldc + V);
    c30.intoArray(c, cAt + 3 * ldc);
    c31.intoArray(c, cAt + 3 * ldc + V);
    c40.intoArray(c, cAt + 4 * ldc);
    c41.intoArray(c, cAt + 4 * ldc + V);
    c50.intoArray(c, cAt + 5 * ldc);
    c51.intoArray(c, cAt + 5 * ldc + V);
  }

  /** 4 rows by 2 vectors; A is read down its columns. */
  static void columns4x2(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * lds + V);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * lds + V);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(F, a[ak + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = FloatVector.broadcast(F, a[ak + 2]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(F, a[ak + 3]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
    c20.intoArray(c, cAt + 2 * ldc);
    c21.intoArray(c, cAt + 2 * ldc + V);
    c30.intoArray(c, cAt + 3 * ldc);
    c31.intoArray(c, cAt + 3 * ldc + V);
  }

  /** 2 rows by 2 vectors; A is read down its columns. */
  static void columns2x2(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + lds + V);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(F, a[ak + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
    c10.intoArray(c, cAt + ldc);
    c11.intoArray(c, cAt + ldc + V);
  }

  /** 1 rows by 2 vectors; A is read down its columns. */
  static void columns1x2(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + V);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector b1 = FloatVector.fromArray(F, b, bk + V);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + V);
  }

  /** 6 rows by 1 vectors; A is read along its rows. */
  static void rows6x1(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    FloatVector c40 = FloatVector.fromArray(F, start, startAt + 4 * lds);
    FloatVector c50 = FloatVector.fromArray(F, start, startAt + 5 * lds);
    int a0 = aAt;
    int a1 = aAt + lda;
    int a2 = aAt + 2 * lda;
    int a3 = aAt + 3 * lda;
    int a4 = aAt + 4 * lda;
    int a5 = aAt + 5 * lda;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      c10 = x1.fma(b0, c10);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
      c20 = x2.fma(b0, c20);
      FloatVector x3 = FloatVector.broadcast(F, a[a3 + k]);
      c30 = x3.fma(b0, c30);
      FloatVector x4 = FloatVector.broadcast(F, a[a4 + k]);
      c40 = x4.fma(b0, c40);
      FloatVector x5 = FloatVector.broadcast(F, a[a5 + k]);
      c50 = x5.fma(b0, c50);
    }
    c00.intoArray(c, cAt);
    c10.intoArray(c, cAt + ldc);
    c20.intoArray(c, cAt + 2 * ldc);
    c30.intoArray(c, cAt + 3 * ldc);
    c40.intoArray(c, cAt + 4 * ldc);
    c50.intoArray(c, cAt + 5 * ldc);
  }

  /** 4 rows by 1 vectors; A is read along its rows. */
  static void rows4x1(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    int a0 = aAt;
    int a1 = aAt + lda;
    int a2 = aAt + 2 * lda;
    int a3 = aAt + 3 * lda;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      c10 = x1.fma(b0, c10);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
      c20 = x2.fma(b0, c20);
      FloatVector x3 = FloatVector.broadcast(F, a[a3 + k]);
      c30 = x3.fma(b0, c30);
    }
    c00.intoArray(c, cAt);
    c10.intoArray(c, cAt + ldc);
    c20.intoArray(c, cAt + 2 * ldc);
    c30.intoArray(c, cAt + 3 * ldc);
  }

  /** 2 rows by 1 vectors; A is read along its rows. */
  static void rows2x1(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    int a0 = aAt;
    int a1 = aAt + lda;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      c10 = x1.fma(b0, c10);
    }
    c00.intoArray(c, cAt);
    c10.intoArray(c, cAt + ldc);
  }

  /** 1 rows by 1 vectors; A is read along its rows. */
  static void rows1x1(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    int a0 = aAt;
    for (int k = 0; k < depth; k++) {
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      c00 = x0.fma(b0, c00);
    }
    c00.intoArray(c, cAt);
  }

  /** 6 rows by 1 vectors; A is read down its columns. */
  static void columns6x1(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    FloatVector c40 = FloatVector.fromArray(F, start, startAt + 4 * lds);
    FloatVector c50 = FloatVector.fromArray(F, start, startAt + 5 * lds);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      FloatVector x1 = FloatVector.broadcast(F, a[ak + 1]);
      c10 = x1.fma(b0, c10);
      FloatVector x2 = FloatVector.broadcast(F, a[ak + 2]);
      c20 = x2.fma(b0, c20);
      FloatVector x3 = FloatVector.broadcast(F, a[ak + 3]);
      c30 = x3.fma(b0, c30);
      FloatVector x4 = FloatVector.broadcast(F, a[ak + 4]);
      c40 = x4.fma(b0, c40);
      FloatVector x5 = FloatVector.broadcast(F, a[ak + 5]);
      c50 = x5.fma(b0, c50);
    }
    c00.intoArray(c, cAt);
    c10.intoArray(c, cAt + ldc);
    c20.intoArray(c, cAt + 2 * ldc);
    c30.intoArray(c, cAt + 3 * ldc);
    c40.intoArray(c, cAt + 4 * ldc);
    c50.intoArray(c, cAt + 5 * ldc);
  }

  /** 4 rows by 1 vectors; A is read down its columns. */
  static void columns4x1(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * lds);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * lds);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      FloatVector x1 = FloatVector.broadcast(F, a[ak + 1]);
      c10 = x1.fma(b0, c10);
      FloatVector x2 = FloatVector.broadcast(F, a[ak + 2]);
      c20 = x2.fma(b0, c20);
      FloatVector x3 = FloatVector.broadcast(F, a[ak + 3]);
      c30 = x3.fma(b0, c30);
    }
    c00.intoArray(c, cAt);
    c10.intoArray(c, cAt + ldc);
    c20.intoArray(c, cAt + 2 * ldc);
    c30.intoArray(c, cAt + 3 * ldc);
  }

  /** 2 rows by 1 vectors; A is read down its columns. */
  static void columns2x1(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + lds);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
      FloatVector x1 = FloatVector.broadcast(F, a[ak + 1]);
      c10 = x1.fma(b0, c10);
    }
    c00.intoArray(c, cAt);
    c10.intoArray(c, cAt + ldc);
  }

  /** 1 rows by 1 vectors; A is read down its columns. */
  static void columns1x1(
      float[] a,
      int aAt,
      int lda,
      float[] b,
      int bAt,
      int ldb,
      int depth,
      float[] start,
      int startAt,
      int lds,
      float[] c,
      int cAt,
      int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    for (int k = 0; k < depth; k++) {
      int ak = aAt + k * lda;
      int bk = bAt + k * ldb;
      FloatVector b0 = FloatVector.fromArray(F, b, bk);
      FloatVector x0 = FloatVector.broadcast(F, a[ak]);
      c00 = x0.fma(b0, c00);
    }
    c00.intoArray(c, cAt);
  }
}
