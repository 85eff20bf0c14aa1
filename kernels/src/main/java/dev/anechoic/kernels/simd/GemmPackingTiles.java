package dev.anechoic.kernels.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The tiles of {@link GemmTiles} with six rows, which also leave what they read of B in a panel
 * {@code [depth][64]}: the first tile of a strip reads B where it lies, and the tiles below it find
 * B side by side in the cache. The copy hides behind the multiply-adds, which a loop of its own
 * does not: it waits for memory.
 *
 * <p>The bits are those of {@link GemmTiles}.
 */
final class GemmPackingTiles {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();
  private static final int PANEL = GemmPacking.PANEL;

  private GemmPackingTiles() {}

  /** Computes {@link GemmTiles#ROWS} rows by {@link GemmTiles#WIDTH} elements, and packs B. */
  static void tile(
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
      int ldc,
      float[] panel,
      int panelAt) {
    if (Lanes.MANY_REGISTERS) {
      if (transA) {
        columns6x4(
            a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc, panel, panelAt);
      } else {
        rows6x4(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc, panel, panelAt);
      }
    } else if (transA) {
      columns6x2(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc, panel, panelAt);
    } else {
      rows6x2(a, aAt, lda, b, bAt, ldb, depth, start, startAt, lds, c, cAt, ldc, panel, panelAt);
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
      int ldc,
      float[] panel,
      int panelAt) {
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
      int pk = panelAt + k * PANEL;
      b0.intoArray(panel, pk);
      b1.intoArray(panel, pk + V);
      b2.intoArray(panel, pk + 2 * V);
      b3.intoArray(panel, pk + 3 * V);
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

  /** 6 rows by 4 vectors; A is read along its columns. */
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
      int ldc,
      float[] panel,
      int panelAt) {
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
      int pk = panelAt + k * PANEL;
      b0.intoArray(panel, pk);
      b1.intoArray(panel, pk + V);
      b2.intoArray(panel, pk + 2 * V);
      b3.intoArray(panel, pk + 3 * V);
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
      int ldc,
      float[] panel,
      int panelAt) {
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
      int pk = panelAt + k * PANEL;
      b0.intoArray(panel, pk);
      b1.intoArray(panel, pk + V);
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

  /** 6 rows by 2 vectors; A is read along its columns. */
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
      int ldc,
      float[] panel,
      int panelAt) {
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
      int pk = panelAt + k * PANEL;
      b0.intoArray(panel, pk);
      b1.intoArray(panel, pk + V);
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
}
