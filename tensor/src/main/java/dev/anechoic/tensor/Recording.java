package dev.anechoic.tensor;

/**
 * Work of many kernels that a device starts as one.
 *
 * <p>The work is ordinary Java. A device writes its launches down the first time; after that {@link
 * #run} starts them again without running the Java: with the same kernels, shapes, memory and
 * numbers. What changes from run to run must therefore be read from tensors. The memory that the
 * work used must stay: close the recording before the arenas. Work that reads or writes tensors
 * from the host cannot be replayed and runs in Java every time.
 */
public interface Recording extends AutoCloseable {
  /** Does the work: replays it where it can. */
  void run();

  /**
   * Does the work again and again while a number in the backend's memory is not 0. A device looks
   * at it by itself, so that nothing waits; one that cannot does the work {@code most} times, so
   * the work must change nothing once the number is 0.
   *
   * @param more I32 [1], looked at before each time
   * @param most times at most
   */
  void repeat(Tensor more, int most);

  /** Does the work in Java, because a number that it passes to a kernel may have changed. */
  void renew();

  /** Forgets the work. */
  @Override
  void close();

  /** Work that is never replayed. */
  record Plain(Runnable work) implements Recording {
    @Override
    public void run() {
      work.run();
    }

    @Override
    public void repeat(Tensor more, int most) {
      for (int i = 0; i < most && more.toInts()[0] != 0; i++) {
        work.run();
      }
    }

    @Override
    public void renew() {
      work.run();
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
