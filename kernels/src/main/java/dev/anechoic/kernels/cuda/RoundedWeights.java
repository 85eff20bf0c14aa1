package dev.anechoic.kernels.cuda;

import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Parameters in the bf16 form in which matrix products take them, kept until a parameter changes. A
 * rollout multiplies by the same weights for every token: reading them in f32, writing and reading
 * them rounded would be four times the traffic of reading them rounded.
 */
final class RoundedWeights {
  /** The forms in which products take a matrix. */
  enum Form {
    /** Rows one after the other, padded to 16 bytes: {@code roundRows}. */
    ROWS,
    /** Swizzled tiles: {@code packTiles}. */
    TILES,
    /** Swizzled tiles of the transposed matrix: {@code packTilesTransposed}. */
    TRANSPOSED_TILES
  }

  /** One parameter in one form. */
  static final class Entry {
    private final long source;
    private final Form form;
    private final long rows;
    private final int columns;
    private final long bytes;
    private final long address;
    private @Nullable Entry next;
    private long version = -1;

    private Entry(long source, Form form, long rows, int columns, long bytes, long address) {
      this.source = source;
      this.form = form;
      this.rows = rows;
      this.columns = columns;
      this.bytes = bytes;
      this.address = address;
    }

    /** Device address of the rounded form. */
    long address() {
      return address;
    }

    /**
     * True the first time that it is asked with a version ({@link CudaDevice#roundingVersion}): the
     * caller must round then.
     */
    boolean needsRounding(long roundingVersion) {
      boolean needed = version != roundingVersion;
      version = roundingVersion;
      return needed;
    }
  }

  private static final int BUCKETS = 1024;

  private final DevicePool pool;
  private final LongUnaryOperator take;
  private final @Nullable Entry[] buckets = new Entry[BUCKETS];

  /**
   * @param pool to which rooms go back
   * @param take takes one of so many bytes from it
   */
  RoundedWeights(DevicePool pool, LongUnaryOperator take) {
    this.pool = pool;
    this.take = take;
  }

  private static int bucket(long source) {
    long mixed = source * 0x9E3779B97F4A7C15L; // Knuth's multiplicative hashing: the upper bits
    return (int) (mixed >>> 54); // of 64; leaves 10 bits for 1024 buckets
  }

  /**
   * The place of a parameter in one form, with room taken from the pool the first time.
   *
   * @param source device address of the parameter
   * @param rows with {@code columns}, the shape in which it is read
   */
  Entry of(long source, Form form, long rows, int columns, long bytes) {
    int bucket = bucket(source);
    for (Entry e = buckets[bucket]; e != null; e = e.next) {
      if (e.source == source && e.form == form && e.rows == rows && e.columns == columns) {
        return e;
      }
    }
    Entry entry = new Entry(source, form, rows, columns, bytes, take.applyAsLong(bytes));
    entry.next = buckets[bucket];
    buckets[bucket] = entry;
    return entry;
  }

  /** Gives back what is kept of memory that is about to be freed. */
  void forget(long address, long bytes) {
    for (int i = 0; i < BUCKETS; i++) {
      Entry kept = null;
      Entry e = buckets[i];
      while (e != null) {
        Entry next = e.next;
        if (e.source >= address && e.source < address + bytes) {
          pool.give(e.address, e.bytes);
        } else {
          e.next = kept;
          kept = e;
        }
        e = next;
      }
      buckets[i] = kept;
    }
  }
}
