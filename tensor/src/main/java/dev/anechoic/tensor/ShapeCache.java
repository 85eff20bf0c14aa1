package dev.anechoic.tensor;

import org.jspecify.annotations.Nullable;

/**
 * Shapes lately asked for, so that memory which serves tensors of several shapes in turn makes no
 * new {@link Shape} each time. A shape that is pushed out is only made again.
 */
final class ShapeCache {
  private static final int SLOTS = 256; // a power of 2

  private final @Nullable Shape[] slots = new Shape[SLOTS];

  Shape of(int d0) {
    int slot = slot(mix(0, d0));
    Shape found = slots[slot];
    return found != null && found.is(d0) ? found : keep(slot, Shape.of(d0));
  }

  Shape of(int d0, int d1) {
    int slot = slot(mix(mix(0, d0), d1));
    Shape found = slots[slot];
    return found != null && found.is(d0, d1) ? found : keep(slot, Shape.of(d0, d1));
  }

  Shape of(int d0, int d1, int d2) {
    int slot = slot(mix(mix(mix(0, d0), d1), d2));
    Shape found = slots[slot];
    return found != null && found.is(d0, d1, d2) ? found : keep(slot, Shape.of(d0, d1, d2));
  }

  Shape of(int d0, int d1, int d2, int d3) {
    int slot = slot(mix(mix(mix(mix(0, d0), d1), d2), d3));
    Shape found = slots[slot];
    return found != null && found.is(d0, d1, d2, d3) ? found : keep(slot, Shape.of(d0, d1, d2, d3));
  }

  /** {@code model} with its last extent replaced. */
  Shape withColumns(Shape model, int columns) {
    int hash = 0;
    for (int i = 0; i < model.rank() - 1; i++) {
      hash = mix(hash, model.dim(i));
    }
    int slot = slot(mix(hash, columns));
    Shape found = slots[slot];
    return found != null && found.isWithColumns(model, columns)
        ? found
        : keep(slot, model.withColumns(columns));
  }

  private Shape keep(int slot, Shape shape) {
    slots[slot] = shape;
    return shape;
  }

  private static int mix(int hash, int dim) {
    return (hash + dim + 1) * 0x9E3779B1; // golden ratio
  }

  private static int slot(int hash) {
    return hash >>> (Integer.SIZE - Integer.numberOfTrailingZeros(SLOTS));
  }
}
