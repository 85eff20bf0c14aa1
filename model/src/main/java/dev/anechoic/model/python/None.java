package dev.anechoic.model.python;

/** Python's {@code None}. */
enum None {
  NONE
}
