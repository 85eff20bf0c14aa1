package dev.anechoic.tensor;

import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A place where tensors live and kernels run.
 *
 * <p>Memory methods are here; the kernels are inherited from {@link Kernels}. Execution may be
 * asynchronous: {@link #read} and {@link #synchronize} wait for what was started before.
 */
public interface Backend extends Kernels, AutoCloseable {
  /** Short name: {@code cpu}, {@code cpu-scalar}, {@code cuda}, {@code reference}. */
  String name();

  /** One line for people: vector width, threads, device. */
  String description();

  /** The type of parameters and activations here: F32, or F64 for the reference. */
  DType floatType();

  /** Number of threads that a kernel may use; 1 for a device. */
  int threads();

  /**
   * Backends for work that the caller splits over threads, where each part then stays with its
   * thread and its cache: as many as threads, each with one of its own. They compute on tensors of
   * this backend and of each other. Only this backend where there is one thread, or a device.
   */
  default List<Backend> perThread() {
    return List.of(this);
  }

  /**
   * Calls {@code work} once for the index of each of {@link #perThread}, at the same time, and
   * returns when all have ended. This backend itself must not be used by the work, where there is
   * more than one.
   */
  default void runPerThread(IntConsumer work) {
    work.accept(0);
  }

  /**
   * Bytes that stay in the outer cache of one thread when work goes over them again and again; no
   * limit where the memory is as fast as it gets.
   */
  default long cacheBytesPerThread() {
    return Long.MAX_VALUE;
  }

  /**
   * New memory, zeroed.
   *
   * @throws TensorException of kind MEMORY where there is no room
   */
  Buffer allocate(DType dtype, long elements);

  /** Gives memory back. The buffer is dead afterwards. */
  void free(Buffer buffer);

  /** Host to tensor: {@code dst.size()} values from {@code src[from..]}, converted to its type. */
  void write(Tensor dst, float[] src, int from);

  /** Host to an I32 tensor. */
  void write(Tensor dst, int[] src, int from);

  /** Host to tensor in double, for the reference and for tests. */
  void write(Tensor dst, double[] src, int from);

  /** Tensor to host, converted to float; waits for all earlier work. */
  void read(Tensor src, float[] dst, int from);

  /** I32 tensor to host; waits for all earlier work. */
  void read(Tensor src, int[] dst, int from);

  /** Tensor to host in double; waits for all earlier work. */
  void read(Tensor src, double[] dst, int from);

  /** Waits until everything started so far has finished. */
  void synchronize();

  /**
   * Prepares work that starts the same kernels on the same memory every time, such as an optimizer
   * step or some decoding steps; see {@link Recording}. Recordings do not nest.
   */
  default Recording record(Runnable work) {
    return new Recording.Plain(work);
  }

  /** Whether a {@link Recording} starts faster than its work: it may pay to arrange for one. */
  default boolean replays() {
    return false;
  }

  /** Lines that a start-up self-test wants said, such as a kernel that runs slow; often empty. */
  default List<String> warnings() {
    return List.of();
  }

  /** Element alignment of allocations inside an arena; one cache line by default. */
  default int alignment() {
    return 16;
  }

  /** Frees everything. */
  @Override
  void close();

  /** A name for the running device, or null on a CPU. */
  default @Nullable String device() {
    return null;
  }
}
