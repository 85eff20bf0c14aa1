package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Philox;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * The shapes and variants under which an op is tested: some axes, each with a list of values.
 *
 * <p>The quick grid takes {@link #QUICK_POINTS} points in which every value of every axis occurs
 * about equally often (each axis runs through its list in a shuffled order); the full grid takes
 * the whole product.
 */
public final class Grid {
  /** Points of a quick grid. */
  public static final int QUICK_POINTS = 24;

  /** Most points of a full grid; a larger product is thinned in the way of the quick grid. */
  public static final int FULL_POINTS = 120;

  private static final long SHUFFLE_SEED = 20250427;

  private final List<String> names = new ArrayList<>();
  private final List<int[]> axes = new ArrayList<>();
  private Predicate<int[]> legal = point -> true;

  private Grid() {}

  /** A grid with one axis. */
  public static Grid of(String name, int... values) {
    return new Grid().and(name, values);
  }

  /** A further axis. */
  public Grid and(String name, int... values) {
    Grid grid = new Grid();
    grid.names.addAll(names);
    grid.axes.addAll(axes);
    grid.legal = legal;
    grid.names.add(name);
    grid.axes.add(values);
    return grid;
  }

  /** Only points that pass. */
  public Grid where(Predicate<int[]> condition) {
    Grid grid = new Grid();
    grid.names.addAll(names);
    grid.axes.addAll(axes);
    grid.legal = legal.and(condition);
    return grid;
  }

  public List<String> names() {
    return List.copyOf(names);
  }

  /** The first value of each axis: the common variant of an op. */
  public int[] first() {
    return axes.stream().mapToInt(values -> values[0]).toArray();
  }

  /** The points of the quick grid. */
  public List<int[]> quick() {
    return spread(QUICK_POINTS);
  }

  /** The points of the full grid. */
  public List<int[]> full() {
    List<int[]> all = new ArrayList<>();
    product(new int[axes.size()], 0, all);
    return all.size() <= FULL_POINTS ? all : spread(FULL_POINTS);
  }

  private void product(int[] point, int axis, List<int[]> all) {
    if (axis == axes.size()) {
      if (legal.test(point)) {
        all.add(point.clone());
      }
      return;
    }
    for (int value : axes.get(axis)) {
      point[axis] = value;
      product(point, axis + 1, all);
    }
  }

  /** Balanced draws until {@code count} distinct legal points are found, or no new ones come. */
  private List<int[]> spread(int count) {
    List<int[]> points = new ArrayList<>();
    for (int draw = 0; points.size() < count && draw < 40 * count; draw++) {
      int[] point = new int[axes.size()];
      for (int axis = 0; axis < point.length; axis++) {
        point[axis] = shuffled(axis, draw);
      }
      boolean isNew = points.stream().noneMatch(p -> Arrays.equals(p, point));
      if (isNew && legal.test(point)) {
        points.add(point);
      }
    }
    return points;
  }

  /** The axis runs through its whole list, in a new order each time. */
  private int shuffled(int axis, int draw) {
    int[] order = axes.get(axis).clone();
    int round = draw / order.length;
    for (int i = order.length - 1; i > 0; i--) {
      int j = Philox.below(i + 1, SHUFFLE_SEED, axis, round, 0, i);
      int swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
    return order[draw % order.length];
  }
}
