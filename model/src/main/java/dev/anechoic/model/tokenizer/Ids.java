package dev.anechoic.model.tokenizer;

import java.util.Arrays;

/** A growing list of ints without boxing. */
final class Ids {
  private int[] values;
  private int size;

  Ids(int capacity) {
    values = new int[Math.max(capacity, 4)];
  }

  void add(int value) {
    reserve(1);
    values[size++] = value;
  }

  void addAll(int[] more, int count) {
    reserve(count);
    System.arraycopy(more, 0, values, size, count);
    size += count;
  }

  int get(int index) {
    return values[index];
  }

  int size() {
    return size;
  }

  void clear() {
    size = 0;
  }

  int[] toArray() {
    return Arrays.copyOf(values, size);
  }

  private void reserve(int more) {
    if (size + more > values.length) {
      values = Arrays.copyOf(values, Math.max(2 * values.length, size + more));
    }
  }
}
