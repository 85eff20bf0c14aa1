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
    public void renew() {
      work.run();
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
