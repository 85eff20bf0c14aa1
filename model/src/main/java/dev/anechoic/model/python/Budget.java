package dev.anechoic.model.python;

import java.math.BigInteger;

/** Counts what a run uses and stops it at its {@link Limits}. */
final class Budget {

  private static final int OBJECT_BYTES = 24;

  private final Limits limits;
  private long stepsLeft;
  private long bytesLeft;
  private int depth;

  Budget(Limits limits) {
    this.limits = limits;
    this.stepsLeft = limits.steps();
    this.bytesLeft = limits.allocatedBytes();
  }

  Limits limits() {
    return limits;
  }

  void step() {
    if (--stepsLeft < 0) {
      throw Stop.overBudget("steps");
    }
  }

  void work(long steps) {
    stepsLeft -= steps;
    if (stepsLeft < 0) {
      throw Stop.overBudget("steps");
    }
  }

  void allocate(long bytes) {
    bytesLeft -= OBJECT_BYTES + bytes;
    if (bytesLeft < 0) {
      throw Stop.overBudget("memory");
    }
  }

  /** Goes so many levels deeper. */
  void enter(int levels) {
    depth += levels;
    if (depth > limits.depth()) {
      throw Stop.overBudget("recursion");
    }
  }

  void leave(int levels) {
    depth -= levels;
  }

  /** Charges for an integer of so many bits before it is made. */
  void integer(long bits) {
    if (bits > limits.integerBits()) {
      throw Stop.overBudget("integer size");
    }
    allocate(bits >> 3);
  }

  /** Charges for a product or quotient of two long integers, whose cost is the product of sizes. */
  void product(BigInteger a, BigInteger b) {
    long words = ((a.bitLength() >> 5) + 1L) * ((b.bitLength() >> 5) + 1L);
    work(1 + (words >> 4));
  }

  /** Charges for a text of so many characters before it is made. */
  void text(long chars) {
    allocate(chars * 2);
    work(chars >> 5);
  }

  /** Charges for a list of so many places before it is made. */
  void list(long places) {
    allocate(places * 8);
    work(places >> 3);
  }
}
