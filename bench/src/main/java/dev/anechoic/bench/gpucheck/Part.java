package dev.anechoic.bench.gpucheck;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What {@code gpucheck} does, in order; each part can be run alone. */
enum Part {
  /** Versions, symbols of the driver, ceilings. */
  VERSIONS(30),
  /** The op table against the reference, bitwise repeats, batch invariance. */
  OPS(110),
  /** Training loss against the CPU's. */
  LOSS(60),
  /** Kernels, training, rollouts, one PPO step. */
  SPEED(130),
  /** The same in PyTorch, where it is installed. */
  PYTORCH(90),
  /** The op table under compute-sanitizer, where it is installed. */
  SANITIZER(60);

  /** A part that takes longer is listed as failed, and the next one begins. */
  final int limitSeconds;

  Part(int limitSeconds) {
    this.limitSeconds = limitSeconds;
  }

  int number() {
    return ordinal() + 1;
  }

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The part of this number or name.
   *
   * @throws IllegalArgumentException naming all parts
   */
  static Part of(String text) {
    for (Part part : values()) {
      if (part.label().equals(text.toLowerCase(Locale.ROOT))
          || text.equals(String.valueOf(part.number()))) {
        return part;
      }
    }
    String known =
        Arrays.stream(values())
            .map(p -> p.number() + " (" + p.label() + ")")
            .collect(Collectors.joining(", "));
    throw new IllegalArgumentException("'" + text + "' is no part; there are " + known);
  }
}
