package dev.anechoic.rl.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class PriceSplitTest {
  private static final double NAN = Double.NaN;

  @Test
  void handValues() {
    PriceSplit split =
        PriceSplit.between(
            new double[] {0.5, 0.5},
            new double[] {0.4, 0.2},
            new double[] {0.9, 0.1},
            new double[] {0.5, 0.2});
    assertEquals(0.17, split.total(), 1e-15); // 0.47 − 0.30
    assertEquals(0.08, split.selection(), 1e-15); // 0.4·0.4 − 0.4·0.2
    assertEquals(0.05, split.within(), 1e-15);
    assertEquals(0.04, split.cross(), 1e-15);
    assertEquals(0, split.entered());
    assertEquals(0.08 / 0.17, split.selectionShare(), 1e-14);
  }

  @Test
  void aVanishedFormatIsSelectionAlone() {
    PriceSplit split =
        PriceSplit.between(
            new double[] {0.5, 0.5},
            new double[] {0.4, 0.2},
            new double[] {1, 0},
            new double[] {0.4, NAN});
    assertEquals(0.1, split.total(), 1e-15);
    assertEquals(0.1, split.selection(), 1e-15);
    assertEquals(0, split.within() + split.cross() + split.entered(), 1e-15);
  }

  @Test
  void aNewFormatIsKeptApart() {
    PriceSplit split =
        PriceSplit.between(
            new double[] {1, 0},
            new double[] {0.4, NAN},
            new double[] {0.5, 0.5},
            new double[] {0.4, 0.8});
    assertEquals(0.2, split.total(), 1e-15); // 0.6 − 0.4
    assertEquals(-0.2, split.selection(), 1e-15);
    assertEquals(0.4, split.entered(), 1e-15);
  }

  @Test
  void thePathAddsUpToTheWholeChange() {
    double[][] p = {{0.5, 0.5}, {0.7, 0.3}, {1, 0}, {0.9, 0.1}};
    double[][] q = {{0.4, 0.2}, {0.5, 0.1}, {0.5, NAN}, {0.6, 0.3}};
    PriceSplit[] path = PriceSplit.alongPath(p, q);
    assertEquals(0, path[0].total());
    for (int t = 0; t < 4; t++) {
      double mean = p[t][0] * q[t][0] + (p[t][1] == 0 ? 0 : p[t][1] * q[t][1]);
      assertEquals(mean - 0.3, path[t].total(), 1e-15);
    }
  }

  @Test
  void noChangeHasNoSelectionShare() {
    assertEquals(NAN, PriceSplit.NONE.selectionShare());
  }
}
