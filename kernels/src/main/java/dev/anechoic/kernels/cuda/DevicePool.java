package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.TensorException;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;

/**
 * Device memory in blocks that are kept and handed out again.
 *
 * <p>Everything runs on one stream, so a block that is given back may serve the next request at
 * once: what was started before on its old contents also runs before. Neither asking nor giving
 * back waits for the device, unless it is full; the driver gives and takes in stream order too,
 * where it can. Blocks keep their addresses, which recorded graphs hold.
 */
final class DevicePool {
  private static final long SMALL_STEP_BYTES = 512;
  private static final long LARGE_STEP_BYTES = 2L << 20;

  private final Driver driver;
  private final TreeMap<Long, ArrayDeque<Long>> free = new TreeMap<>();
  private long takenBytes;
  private long keptBytes;

  DevicePool(Driver driver) {
    this.driver = driver;
  }

  /** The block size that serves a request. */
  static long blockBytes(long bytes) {
    long step = bytes < LARGE_STEP_BYTES ? SMALL_STEP_BYTES : LARGE_STEP_BYTES;
    return Math.max(step, (bytes + step - 1) / step * step);
  }

  /**
   * A block of exactly {@code blockBytes(bytes)} bytes, contents undefined.
   *
   * @throws TensorException of kind MEMORY where the device has no room
   */
  long take(long bytes) {
    long size = blockBytes(bytes);
    ArrayDeque<Long> blocks = free.get(size);
    if (blocks != null && !blocks.isEmpty()) {
      keptBytes -= size;
      takenBytes += size;
      return blocks.removeLast();
    }
    long address = driver.allocate(size);
    if (address == 0 && keptBytes > 0) {
      trim();
      address = driver.allocate(size);
    }
    if (address == 0) {
      Driver.MemoryInfo info = driver.memory();
      throw new TensorException(
          TensorException.Kind.MEMORY,
          "%,d bytes of device memory on top of %,d".formatted(size, takenBytes),
          "%,d of %,d bytes are free; use a smaller batch or context, or a device with more memory"
              .formatted(info.freeBytes(), info.totalBytes()));
    }
    takenBytes += size;
    return address;
  }

  /** Gives a block back. */
  void give(long address, long bytes) {
    long size = blockBytes(bytes);
    free.computeIfAbsent(size, s -> new ArrayDeque<>()).add(address);
    keptBytes += size;
    takenBytes -= size;
  }

  /** Returns all kept blocks to the driver, and waits: it has them when their work is done. */
  void trim() {
    for (Map.Entry<Long, ArrayDeque<Long>> entry : free.entrySet()) {
      entry.getValue().forEach(driver::free);
    }
    driver.synchronize();
    free.clear();
    keptBytes = 0;
  }

  long takenBytes() {
    return takenBytes;
  }

  long keptBytes() {
    return keptBytes;
  }
}
