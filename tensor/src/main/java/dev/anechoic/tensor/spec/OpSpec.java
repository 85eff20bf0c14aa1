package dev.anechoic.tensor.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * One line of the op table: what a kernel is called with, over which shapes and values, and what it
 * costs. Everything that tests, measures or documents ops reads it.
 *
 * @param name of the kernel method in {@link dev.anechoic.tensor.Kernels}
 * @param grid shapes and variants
 * @param declaration adds operands, the call and the cost to a case at a point of the grid
 */
public record OpSpec(String name, Grid grid, Consumer<OpCase> declaration) {
  /** How many times the full grid visits each point, with other values. */
  private static final int FULL_SEEDS = 2;

  private static final int[] WIDE_COLUMNS = {1028, 1031, 4099, 16_388, 16_391};
  private static final int WIDE_ROWS = 3;

  /** The case at one point of the grid, or at any other legal shape. */
  public OpCase at(int[] point, boolean accumulate, long seed) {
    return new OpCase(this, point, accumulate, seed);
  }

  /** Number of cases in a grid. */
  public int count(boolean full) {
    int count = 0;
    for (int[] point : full ? grid.full() : grid.quick()) {
      count += (at(point, false, 0).canAccumulate() ? 2 : 1) * (full ? FULL_SEEDS : 1);
    }
    return count;
  }

  /**
   * All cases of a grid: each point, overwriting, and accumulating where the op has gradients.
   *
   * @param seed mixed with the number of the case
   */
  public List<OpCase> cases(boolean full, long seed) {
    List<OpCase> cases = new ArrayList<>();
    for (int[] point : full ? grid.full() : grid.quick()) {
      for (int repeat = 0; repeat < (full ? FULL_SEEDS : 1); repeat++) {
        OpCase plain = at(point, false, seed + cases.size());
        cases.add(plain);
        if (plain.canAccumulate()) {
          cases.add(at(point, true, seed + cases.size()));
        }
      }
    }
    return cases;
  }

  /**
   * Cases whose rows are longer than those of the grid, for backends that give long rows to other
   * kernels (CUDA from 1025, 4097 and 16385 columns on); empty for ops without rows.
   *
   * @param seed mixed with the number of the case
   */
  public List<OpCase> wideCases(long seed) {
    int rows = Math.max(grid.names().indexOf("R"), grid.names().indexOf("N"));
    int columns = Math.max(grid.names().indexOf("C"), grid.names().indexOf("V"));
    List<OpCase> cases = new ArrayList<>();
    if (rows < 0 || columns < 0) {
      return cases;
    }
    List<int[]> points = grid.quick();
    for (int i = 0; i < WIDE_COLUMNS.length; i++) {
      int[] point = points.get(i).clone();
      point[rows] = WIDE_ROWS;
      point[columns] = WIDE_COLUMNS[i];
      OpCase plain = at(point, false, seed + cases.size());
      cases.add(plain);
      if (plain.canAccumulate()) {
        cases.add(at(point, true, seed + cases.size()));
      }
    }
    return cases;
  }
}
