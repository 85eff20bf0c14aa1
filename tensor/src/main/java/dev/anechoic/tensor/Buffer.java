package dev.anechoic.tensor;

/**
 * A run of memory that belongs to one backend. Opaque: only that backend looks inside, so that the
 * same program runs on Java arrays, native memory and device memory.
 */
public interface Buffer {
  /** Element type of the whole buffer. */
  DType dtype();

  /** Number of elements. */
  long size();
}
