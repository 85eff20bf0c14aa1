package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.trace.TaskEvent;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Threads that split the tasks of one kernel among them.
 *
 * <p>A task is picked by whoever is free, the caller included, so a worker that the system has put
 * aside never holds up the others for more than the task it is in. Tasks must write disjoint
 * outputs, and must not split a reduction: then results do not depend on who ran what.
 *
 * <p>A worker without work spins for {@value #SPIN_NANOS} ns, offers its core to others while it
 * waits up to {@value #YIELD_NANOS} ns, then parks: an idle process costs no CPU. A call allocates
 * nothing.
 *
 * <p>One thread at a time may call {@link #parallelFor}; a task must not call it.
 */
public final class WorkerPool implements AutoCloseable {
  /** The body of a task. */
  @FunctionalInterface
  public interface Task {
    /**
     * Runs one task.
     *
     * @param index number of the task, from 0
     * @param worker number of the thread that runs it, below {@link WorkerPool#threads()}; selects
     *     scratch memory
     */
    void run(int index, int worker);
  }

  private static final long SPIN_NANOS = 20_000;
  private static final long YIELD_NANOS = 100_000;

  /** Spins between two looks at the clock, which costs as much as a dozen of them. */
  private static final int SPINS_PER_LOOK = 64;

  private static final VarHandle STATE;
  private static final VarHandle DONE;
  private static final VarHandle BUSY;

  static {
    try {
      var lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(WorkerPool.class, "state", long.class);
      DONE = lookup.findVarHandle(WorkerPool.class, "done", int.class);
      BUSY = lookup.findVarHandle(WorkerPool.class, "busy", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * Number of the job in the upper half, tasks not yet taken in the lower half. Taking a task is
   * one compare-and-set on both, so a worker that wakes late cannot take a task of the wrong job.
   */
  private volatile long state;

  /** Tasks of the current job that have run. */
  private volatile int done;

  private volatile boolean busy;
  private volatile boolean closed;
  private volatile @Nullable Throwable failure;

  // Written before `state` is published, read after a task is taken.
  private @Nullable Task task;
  private int total;

  private final Worker[] workers;

  /**
   * Starts {@code threads - 1} daemon threads; the caller of {@link #parallelFor} is the last one.
   *
   * @throws IllegalArgumentException if {@code threads} is below 1
   */
  public WorkerPool(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: expected at least 1, got " + threads);
    }
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
      workers[i].start();
    }
  }

  /** Threads that run tasks, the caller included. */
  public int threads() {
    return workers.length + 1;
  }

  /**
   * Runs tasks 0 to {@code tasks - 1} and returns when all have run.
   *
   * @throws IllegalStateException if another call is under way, or the pool is closed
   */
  public void parallelFor(int tasks, Task body) {
    if (!BUSY.compareAndSet(this, false, true)) {
      throw new IllegalStateException(
          "WorkerPool.parallelFor: a call is under way; a backend serves one thread at a time");
    }
    try {
      if (closed) {
        throw new IllegalStateException("WorkerPool.parallelFor: the pool is closed");
      }
      if (tasks <= 1 || workers.length == 0) {
        for (int i = 0; i < tasks; i++) {
          body.run(i, 0);
        }
        return;
      }
      publish(tasks, body);
      work(0);
      awaitAll(tasks);
      rethrow();
    } finally {
      busy = false;
    }
  }

  private void publish(int tasks, Task body) {
    task = body;
    total = tasks;
    done = 0;
    long job = (state >>> 32) + 1;
    state = job << 32 | tasks;
    int wanted = Math.min(workers.length, tasks - 1);
    for (int i = 0; i < wanted; i++) {
      if (workers[i].parked) {
        LockSupport.unpark(workers[i]);
      }
    }
  }

  /** Takes tasks until none is left. */
  private void work(int worker) {
    int ran = 0;
    TaskEvent event = TaskEvent.start();
    while (true) {
      long seen = state;
      int left = (int) seen;
      if (left == 0) {
        break;
      }
      if (!STATE.compareAndSet(this, seen, seen - 1)) {
        Thread.onSpinWait();
        continue;
      }
      try {
        Task body = task;
        if (body != null) {
          body.run(total - left, worker);
        }
      } catch (Throwable t) {
        failure = t;
      }
      ran++;
    }
    if (ran > 0) {
      if (event != null) {
        event.finish("tasks", ran);
      }
      DONE.getAndAdd(this, ran);
    }
  }

  private void awaitAll(int tasks) {
    int spins = 0;
    long start = 0;
    while (done != tasks) {
      Thread.onSpinWait();
      if (++spins % SPINS_PER_LOOK == 0) {
        long now = System.nanoTime();
        if (start == 0) {
          start = now;
        } else if (now - start > SPIN_NANOS) {
          Thread.yield(); // the worker that is missing may need this core
        }
      }
    }
  }

  private void rethrow() {
    Throwable t = failure;
    if (t == null) {
      return;
    }
    failure = null;
    switch (t) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(t);
    }
  }

  /** Stops the threads. Tasks under way run to their end. */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
  }

  private final class Worker extends Thread {
    final int number;
    volatile boolean parked;

    Worker(int number) {
      super("anechoic-worker-" + number);
      this.number = number;
      setDaemon(true);
    }

    @Override
    public void run() {
      while (!closed) {
        work(number);
        awaitWork();
      }
    }

    private void awaitWork() {
      long start = System.nanoTime();
      int spins = 0;
      while ((int) state == 0 && !closed) {
        Thread.onSpinWait();
        if (++spins % SPINS_PER_LOOK != 0) {
          continue;
        }
        long idle = System.nanoTime() - start;
        if (idle > YIELD_NANOS) {
          park();
          start = System.nanoTime();
        } else if (idle > SPIN_NANOS) {
          Thread.yield();
        }
      }
    }

    private void park() {
      parked = true;
      // Looks once more: a job published before `parked` was seen would not have woken this thread.
      if ((int) state == 0 && !closed) {
        LockSupport.park(WorkerPool.this);
      }
      parked = false;
    }
  }
}
