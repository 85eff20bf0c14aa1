package dev.anechoic.model.train;

import java.util.concurrent.CountDownLatch;

/**
 * Turns SIGTERM or an interrupt from the keyboard into a request that a long job looks at between
 * two steps, so that it can write a checkpoint. The process then ends with exit code 0.
 *
 * <p>A JVM that gets the signal runs its shutdown hooks; the hook here asks the job to stop, waits
 * for {@link #close}, and ends the process.
 */
public final class StopSignal implements AutoCloseable {
  private volatile boolean requested;
  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::waitForJob, "stop-signal");

  private StopSignal() {}

  /** Listens from now until {@link #close}. */
  public static StopSignal install() {
    StopSignal signal = new StopSignal();
    Runtime.getRuntime().addShutdownHook(signal.hook);
    return signal;
  }

  /** A signal that no operating system sends; for tests and embedding. */
  public static StopSignal manual() {
    return new StopSignal();
  }

  private void waitForJob() {
    if (finished.getCount() == 0) {
      return;
    }
    requested = true;
    try {
      finished.await();
      Runtime.getRuntime().halt(0);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Asks the job to stop. */
  public void request() {
    requested = true;
  }

  /** Whether the job should stop at its next opportunity. */
  public boolean requested() {
    return requested;
  }

  /** The job has ended and its results are safe. */
  @Override
  public void close() {
    finished.countDown();
  }
}
