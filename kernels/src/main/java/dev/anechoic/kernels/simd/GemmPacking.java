package dev.anechoic.kernels.simd;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Copies blocks of B into panels {@code [depth][64]}, so that the inner loop of the matrix product
 * reads memory in the order in which it lies. Columns past the matrix are filled with zeros.
 */
final class GemmPacking {
  /** Columns of a panel, for every vector width. */
  static final int PANEL = 64;

  /** Columns of a strip of a transposed A: whole vectors, and whole tiles of 6 and 4 rows. */
  static final int STRIP = 48;

  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  private GemmPacking() {}

  /** Packs {@code B[k, j]} at {@code bAt + k * ldb + j}, {@code columns} of them up to 64. */
  static void pack(
      float[] b, int bAt, int ldb, int depth, int columns, float[] panel, int panelAt) {
    if (columns == PANEL) {
      for (int k = 0; k < depth; k++) {
        int from = bAt + k * ldb;
        int to = panelAt + k * PANEL;
        for (int j = 0; j < PANEL; j += V) {
          FloatVector.fromArray(F, b, from + j).intoArray(panel, to + j);
        }
      }
      return;
    }
    for (int k = 0; k < depth; k++) {
      int to = panelAt + k * PANEL;
      System.arraycopy(b, bAt + k * ldb, panel, to, columns);
      Arrays.fill(panel, to + columns, to + PANEL, 0f);
    }
  }

  /** Floats of the strips that hold so many columns of a transposed A. */
  static int stripFloats(int columns, int depth) {
    return (columns + STRIP - 1) / STRIP * STRIP * depth;
  }

  /**
   * Copies columns of a transposed A, {@code A[k, i]} at {@code aAt + k * lda + i}, into strips
   * {@code [strip][depth][48]}. What is past the columns in the last strip is left as it is.
   */
  static void packStrips(float[] a, int aAt, int lda, int depth, int columns, float[] strips) {
    for (int k = 0; k < depth; k++) {
      int from = aAt + k * lda;
      for (int i = 0; i < columns; i += STRIP) {
        int to = i * depth + k * STRIP;
        if (i + STRIP <= columns) {
          for (int j = 0; j < STRIP; j += V) {
            FloatVector.fromArray(F, a, from + i + j).intoArray(strips, to + j);
          }
        } else {
          System.arraycopy(a, from + i, strips, to, columns - i);
        }
      }
    }
  }

  /** Packs {@code B[k, j]} that lies transposed, at {@code bAt + j * ldb + k}. */
  static void packTransposed(
      float[] b, int bAt, int ldb, int depth, int columns, float[] panel, int panelAt) {
    int j = 0;
    if (V == Transpose16.SIZE) {
      for (; j + V <= columns; j += V) {
        int k = 0;
        for (; k + V <= depth; k += V) {
          Transpose16.block(b, bAt + j * ldb + k, ldb, panel, panelAt + k * PANEL + j, PANEL);
        }
        transposeScalar(b, bAt + j * ldb, ldb, k, depth, V, panel, panelAt + j);
      }
    }
    transposeScalar(b, bAt + j * ldb, ldb, 0, depth, columns - j, panel, panelAt + j);
    if (columns < PANEL) {
      for (int k = 0; k < depth; k++) {
        int to = panelAt + k * PANEL;
        Arrays.fill(panel, to + columns, to + PANEL, 0f);
      }
    }
  }

  private static void transposeScalar(
      float[] b, int bAt, int ldb, int fromK, int toK, int columns, float[] panel, int panelAt) {
    // Four columns at a time, so that each line of the panel is written in few passes.
    int j = 0;
    for (; j + 4 <= columns; j += 4) {
      int row = bAt + j * ldb;
      for (int k = fromK; k < toK; k++) {
        int to = panelAt + k * PANEL + j;
        panel[to] = b[row + k];
        panel[to + 1] = b[row + ldb + k];
        panel[to + 2] = b[row + 2 * ldb + k];
        panel[to + 3] = b[row + 3 * ldb + k];
      }
    }
    for (; j < columns; j++) {
      int row = bAt + j * ldb;
      for (int k = fromK; k < toK; k++) {
        panel[panelAt + k * PANEL + j] = b[row + k];
      }
    }
  }

  /** Transposes 16 x 16 floats in registers: four rounds that swap ever larger blocks. */
  static final class Transpose16 {
    static final int SIZE = 16;

    private static final VectorSpecies<Float> S = FloatVector.SPECIES_512;
    private static final VectorShuffle<Float> LOW_1 = interleave(1, 0);
    private static final VectorShuffle<Float> HIGH_1 = interleave(1, 1);
    private static final VectorShuffle<Float> LOW_2 = interleave(2, 0);
    private static final VectorShuffle<Float> HIGH_2 = interleave(2, 1);
    private static final VectorShuffle<Float> LOW_4 = interleave(4, 0);
    private static final VectorShuffle<Float> HIGH_4 = interleave(4, 1);
    private static final VectorShuffle<Float> LOW_8 = interleave(8, 0);
    private static final VectorShuffle<Float> HIGH_8 = interleave(8, 1);

    private Transpose16() {}

    /**
     * Of two rows that differ in bit {@code block} of their number, takes the blocks of columns
     * with that bit clear ({@code half} 0) or set ({@code half} 1). Lanes of the second row are
     * numbered from 16.
     */
    private static VectorShuffle<Float> interleave(int block, int half) {
      int[] lanes = new int[SIZE];
      for (int i = 0; i < SIZE; i++) {
        boolean second = (i & block) != 0;
        int lane = (i & ~block) | (half == 1 ? block : 0);
        // An index past the last lane is kept as an exceptional one, which selects the second row.
        lanes[i] = second ? lane - SIZE : lane;
      }
      return VectorShuffle.fromArray(S, lanes, 0);
    }

    /** Writes {@code to[toAt + j * ldTo + i] = from[fromAt + i * ldFrom + j]}. */
    static void block(float[] from, int fromAt, int ldFrom, float[] to, int toAt, int ldTo) {
      FloatVector r0 = FloatVector.fromArray(S, from, fromAt);
      FloatVector r1 = FloatVector.fromArray(S, from, fromAt + ldFrom);
      FloatVector r2 = FloatVector.fromArray(S, from, fromAt + 2 * ldFrom);
      FloatVector r3 = FloatVector.fromArray(S, from, fromAt + 3 * ldFrom);
      FloatVector r4 = FloatVector.fromArray(S, from, fromAt + 4 * ldFrom);
      FloatVector r5 = FloatVector.fromArray(S, from, fromAt + 5 * ldFrom);
      FloatVector r6 = FloatVector.fromArray(S, from, fromAt + 6 * ldFrom);
      FloatVector r7 = FloatVector.fromArray(S, from, fromAt + 7 * ldFrom);
      FloatVector r8 = FloatVector.fromArray(S, from, fromAt + 8 * ldFrom);
      FloatVector r9 = FloatVector.fromArray(S, from, fromAt + 9 * ldFrom);
      FloatVector r10 = FloatVector.fromArray(S, from, fromAt + 10 * ldFrom);
      FloatVector r11 = FloatVector.fromArray(S, from, fromAt + 11 * ldFrom);
      FloatVector r12 = FloatVector.fromArray(S, from, fromAt + 12 * ldFrom);
      FloatVector r13 = FloatVector.fromArray(S, from, fromAt + 13 * ldFrom);
      FloatVector r14 = FloatVector.fromArray(S, from, fromAt + 14 * ldFrom);
      FloatVector r15 = FloatVector.fromArray(S, from, fromAt + 15 * ldFrom);
      FloatVector s0 = r0.rearrange(LOW_1, r1);
      FloatVector s1 = r0.rearrange(HIGH_1, r1);
      FloatVector s2 = r2.rearrange(LOW_1, r3);
      FloatVector s3 = r2.rearrange(HIGH_1, r3);
      FloatVector s4 = r4.rearrange(LOW_1, r5);
      FloatVector s5 = r4.rearrange(HIGH_1, r5);
      FloatVector s6 = r6.rearrange(LOW_1, r7);
      FloatVector s7 = r6.rearrange(HIGH_1, r7);
      FloatVector s8 = r8.rearrange(LOW_1, r9);
      FloatVector s9 = r8.rearrange(HIGH_1, r9);
      FloatVector s10 = r10.rearrange(LOW_1, r11);
      FloatVector s11 = r10.rearrange(HIGH_1, r11);
      FloatVector s12 = r12.rearrange(LOW_1, r13);
      FloatVector s13 = r12.rearrange(HIGH_1, r13);
      FloatVector s14 = r14.rearrange(LOW_1, r15);
      FloatVector s15 = r14.rearrange(HIGH_1, r15);
      FloatVector t0 = s0.rearrange(LOW_2, s2);
      FloatVector t2 = s0.rearrange(HIGH_2, s2);
      FloatVector t1 = s1.rearrange(LOW_2, s3);
      FloatVector t3 = s1.rearrange(HIGH_2, s3);
      FloatVector t4 = s4.rearrange(LOW_2, s6);
      FloatVector t6 = s4.rearrange(HIGH_2, s6);
      FloatVector t5 = s5.rearrange(LOW_2, s7);
      FloatVector t7 = s5.rearrange(HIGH_2, s7);
      FloatVector t8 = s8.rearrange(LOW_2, s10);
      FloatVector t10 = s8.rearrange(HIGH_2, s10);
      FloatVector t9 = s9.rearrange(LOW_2, s11);
      FloatVector t11 = s9.rearrange(HIGH_2, s11);
      FloatVector t12 = s12.rearrange(LOW_2, s14);
      FloatVector t14 = s12.rearrange(HIGH_2, s14);
      FloatVector t13 = s13.rearrange(LOW_2, s15);
      FloatVector t15 = s13.rearrange(HIGH_2, s15);
      FloatVector u0 = t0.rearrange(LOW_4, t4);
      FloatVector u4 = t0.rearrange(HIGH_4, t4);
      FloatVector u1 = t1.rearrange(LOW_4, t5);
      FloatVector u5 = t1.rearrange(HIGH_4, t5);
      FloatVector u2 = t2.rearrange(LOW_4, t6);
      FloatVector u6 = t2.rearrange(HIGH_4, t6);
      FloatVector u3 = t3.rearrange(LOW_4, t7);
      FloatVector u7 = t3.rearrange(HIGH_4, t7);
      FloatVector u8 = t8.rearrange(LOW_4, t12);
      FloatVector u12 = t8.rearrange(HIGH_4, t12);
      FloatVector u9 = t9.rearrange(LOW_4, t13);
      FloatVector u13 = t9.rearrange(HIGH_4, t13);
      FloatVector u10 = t10.rearrange(LOW_4, t14);
      FloatVector u14 = t10.rearrange(HIGH_4, t14);
      FloatVector u11 = t11.rearrange(LOW_4, t15);
      FloatVector u15 = t11.rearrange(HIGH_4, t15);
      FloatVector v0 = u0.rearrange(LOW_8, u8);
      FloatVector v8 = u0.rearrange(HIGH_8, u8);
      FloatVector v1 = u1.rearrange(LOW_8, u9);
      FloatVector v9 = u1.rearrange(HIGH_8, u9);
      FloatVector v2 = u2.rearrange(LOW_8, u10);
      FloatVector v10 = u2.rearrange(HIGH_8, u10);
      FloatVector v3 = u3.rearrange(LOW_8, u11);
      FloatVector v11 = u3.rearrange(HIGH_8, u11);
      FloatVector v4 = u4.rearrange(LOW_8, u12);
      FloatVector v12 = u4.rearrange(HIGH_8, u12);
      FloatVector v5 = u5.rearrange(LOW_8, u13);
      FloatVector v13 = u5.rearrange(HIGH_8, u13);
      FloatVector v6 = u6.rearrange(LOW_8, u14);
      FloatVector v14 = u6.rearrange(HIGH_8, u14);
      FloatVector v7 = u7.rearrange(LOW_8, u15);
      FloatVector v15 = u7.rearrange(HIGH_8, u15);
      v0.intoArray(to, toAt);
      v1.intoArray(to, toAt + ldTo);
      v2.intoArray(to, toAt + 2 * ldTo);
      v3.intoArray(to, toAt + 3 * ldTo);
      v4.intoArray(to, toAt + 4 * ldTo);
      v5.intoArray(to, toAt + 5 * ldTo);
      v6.intoArray(to, toAt + 6 * ldTo);
      v7.intoArray(to, toAt + 7 * ldTo);
      v8.intoArray(to, toAt + 8 * ldTo);
      v9.intoArray(to, toAt + 9 * ldTo);
      v10.intoArray(to, toAt + 10 * ldTo);
      v11.intoArray(to, toAt + 11 * ldTo);
      v12.intoArray(to, toAt + 12 * ldTo);
      v13.intoArray(to, toAt + 13 * ldTo);
      v14.intoArray(to, toAt + 14 * ldTo);
      v15.intoArray(to, toAt + 15 * ldTo);
    }
  }
}
