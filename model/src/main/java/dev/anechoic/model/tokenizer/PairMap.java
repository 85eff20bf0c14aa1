package dev.anechoic.model.tokenizer;

import java.util.Arrays;

/**
 * A map from a pair of token ids to an int, with open addressing in two flat arrays: the lookup is
 * the inner loop of encoding.
 */
final class PairMap {
  static final int ABSENT = -1;

  /** No pair has this key, since ids are not negative. */
  private static final long EMPTY = -1;

  private long[] keys;
  private int[] values;
  private int size;

  PairMap(int expected) {
    int capacity = Integer.highestOneBit(Math.max(8, expected) * 2 - 1) * 2;
    keys = new long[capacity];
    values = new int[capacity];
    Arrays.fill(keys, EMPTY);
  }

  static long key(int left, int right) {
    return (long) left << 32 | right;
  }

  int get(int left, int right) {
    long key = key(left, right);
    int mask = keys.length - 1;
    for (int slot = hash(key) & mask; ; slot = (slot + 1) & mask) {
      if (keys[slot] == key) {
        return values[slot];
      }
      if (keys[slot] == EMPTY) {
        return ABSENT;
      }
    }
  }

  /** Sets the value of a pair, in the place of an earlier one. */
  void put(int left, int right, int value) {
    if (2 * (size + 1) > keys.length) {
      grow();
    }
    insert(key(left, right), value);
  }

  private void insert(long key, int value) {
    int mask = keys.length - 1;
    int slot = hash(key) & mask;
    while (keys[slot] != EMPTY && keys[slot] != key) {
      slot = (slot + 1) & mask;
    }
    size += keys[slot] == EMPTY ? 1 : 0;
    keys[slot] = key;
    values[slot] = value;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldValues = values;
    keys = new long[2 * oldKeys.length];
    values = new int[2 * oldKeys.length];
    Arrays.fill(keys, EMPTY);
    size = 0;
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != EMPTY) {
        insert(oldKeys[i], oldValues[i]);
      }
    }
  }

  /** Fibonacci hashing: the high bits of a product with 2^64 divided by the golden ratio. */
  private static int hash(long key) {
    return (int) ((key * 0x9E3779B97F4A7C15L) >>> 32);
  }
}
