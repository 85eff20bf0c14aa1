package dev.anechoic.kernels.cuda;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The few driver calls that the backend makes, on one device and one stream: work starts in the
 * order of the calls. Device memory is named by its address.
 *
 * <p>Methods throw {@link DriverException} with the driver's own reason.
 */
public interface Driver extends AutoCloseable {
  /** One line for people: device, architecture, memory, driver version. */
  String description();

  /** Number of multiprocessors: grids of elementwise kernels are a multiple of it. */
  int multiprocessors();

  /** Most bytes of shared memory that a block may ask for. */
  int maxSharedBytes();

  /** Whether the kernels for compute capability 9.0 (wgmma and TMA) run here. */
  boolean wgmma();

  /**
   * Device memory for work that is started from now on, contents undefined.
   *
   * @return its address, or 0 where there is no room
   */
  long allocate(long bytes);

  /** Gives memory back once everything that was started so far has finished. */
  void free(long address);

  /** Free and total device memory in bytes. */
  MemoryInfo memory();

  /** Host memory that the device can copy from and to without the CPU, zeroed. */
  MemorySegment pinned(long bytes);

  /**
   * A kernel by name.
   *
   * @throws DriverException where the loaded program has none of that name
   */
  long function(String name);

  /**
   * Starts a kernel.
   *
   * @param threads per block
   * @param sharedBytes dynamic shared memory per block
   * @param arguments pinned: an array of pointers to the values, which stay as they are only until
   *     this call returns
   */
  void launch(
      long function,
      int gridX,
      int gridY,
      int gridZ,
      int threads,
      int sharedBytes,
      MemorySegment arguments);

  /** Host to device, from pinned memory; the host bytes must stay until the stream is there. */
  void copyIn(long to, MemorySegment pinned, long bytes);

  /** Device to host, into pinned memory; complete after {@link #synchronize}. */
  void copyOut(MemorySegment pinned, long from, long bytes);

  /** Device to device. */
  void copy(long to, long from, long bytes);

  /** Sets bytes to zero. */
  void zero(long address, long bytes);

  /** Waits for all earlier work. Errors of kernels show here at the latest. */
  void synchronize();

  /** Makes a graph that runs these launches in order. */
  Graph graph(Launches launches);

  /**
   * Makes a graph that runs launches again and again while a number in device memory is not 0. It
   * is made anew where a launch changes.
   *
   * @param once run first
   * @param round run in order, each time
   * @param more address of the number, 32 bits, looked at before each round
   * @return null where the driver has no such graphs
   */
  @Nullable Graph loop(Launches once, Launches round, long more);

  /** A point in the stream, for timing. */
  long event();

  /** Marks the event here in the stream. */
  void record(long event);

  /** Waits for all work before a recorded event. */
  void waitFor(long event);

  /** Nanoseconds between two recorded events; waits for the second. */
  double elapsedNanos(long from, long to);

  @Override
  void close();

  /**
   * Device memory.
   *
   * @param freeBytes not in use by anyone
   * @param totalBytes of the device
   */
  record MemoryInfo(long freeBytes, long totalBytes) {}

  /** A list of launches, ready to run as one. */
  interface Graph extends AutoCloseable {
    /** Takes over the arguments of launch {@code index}, which changed since. */
    void update(int index);

    /** Runs all launches in order. */
    void launch();

    @Override
    void close();
  }
}
