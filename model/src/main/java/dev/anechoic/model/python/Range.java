package dev.anechoic.model.python;

/** Python's {@code range}; {@code size} is its number of elements. */
record Range(long start, long step, long size) {

  static Range of(long start, long stop, long step) {
    if (step == 0) {
      throw Stop.valueError("range() arg 3 must not be zero");
    }
    boolean empty = step > 0 ? start >= stop : start <= stop;
    if (empty) {
      return new Range(start, step, 0);
    }
    long distance = step > 0 ? stop - start - 1 : start - stop - 1;
    if (distance < 0 || step == Long.MIN_VALUE) {
      throw Stop.overBudget("integer size");
    }
    return new Range(start, step, distance / Math.abs(step) + 1);
  }

  long at(long index) {
    return start + index * step;
  }
}
