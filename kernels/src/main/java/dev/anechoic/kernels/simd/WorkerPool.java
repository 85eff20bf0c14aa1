package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.TensorException;
import dev.anechoic.tensor.trace.TaskEvent;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Threads that split the tasks of one kernel among them.
 *
 * <p>Each thread, the caller included, owns a run of neighbouring tasks and takes them from the
 * front: the same rows stay with the same thread from kernel to kernel, and so in its cache. Who is
 * done with its own takes from the back of another's, so a thread that the system has put aside
 * never holds up the others for more than the task it is in. Tasks must write disjoint outputs, and
 * must not split a reduction: then results do not depend on who ran what.
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

  /** Bits of a run that hold its first task, and of its end. */
  private static final int INDEX_BITS = 22;

  private static final int INDEX_MASK = (1 << INDEX_BITS) - 1;

  /** Most tasks of one job. */
  private static final int MOST_TASKS = INDEX_MASK;

  /** Distance of two runs in their array: two cache lines, which processors fetch in pairs. */
  private static final int RUN_STRIDE = 16;

  private static final VarHandle RUN = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle DONE;
  private static final VarHandle BUSY;

  static {
    try {
      var lookup = MethodHandles.lookup();
      DONE = lookup.findVarHandle(WorkerPool.class, "done", int.class);
      BUSY = lookup.findVarHandle(WorkerPool.class, "busy", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * The run of each thread: number of the job, first task not yet taken, end. Taking a task is one
   * compare-and-set on all three, so a thread that wakes late cannot take a task of the wrong job.
   */
  private final long[] runs;

  /** Number of the current job, written after its runs: what an idle worker watches. */
  private volatile int job;

  /** Tasks of the current job that have run. */
  private volatile int done;

  private volatile boolean busy;
  private volatile boolean closed;
  private volatile @Nullable Throwable failure;

  /** Written before the runs are published, read after a task is taken. */
  private @Nullable Task task;

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
    runs = new long[(threads + 1) * RUN_STRIDE];
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
   * @throws IllegalStateException if another call is under way
   * @throws TensorException of kind CLOSED after {@link #close}
   */
  public void parallelFor(int tasks, Task body) {
    if (!BUSY.compareAndSet(this, false, true)) {
      throw new IllegalStateException(
          "WorkerPool.parallelFor: a call is under way; a backend serves one thread at a time");
    }
    try {
      checkOpen();
      if (tasks <= 1 || workers.length == 0) {
        for (int i = 0; i < tasks; i++) {
          body.run(i, 0);
        }
        return;
      }
      for (int first = 0; first < tasks; first += MOST_TASKS) {
        int count = Math.min(MOST_TASKS, tasks - first);
        int offset = first;
        publish(count, first == 0 ? body : (index, worker) -> body.run(offset + index, worker));
        work(0);
        awaitAll(count);
        rethrow();
      }
    } finally {
      busy = false;
    }
  }

  /**
   * @throws TensorException of kind CLOSED after {@link #close}
   */
  void checkOpen() {
    if (closed) {
      throw new TensorException(
          TensorException.Kind.CLOSED, "backend cpu", "the backend was closed; open a new one");
    }
  }

  private void publish(int tasks, Task body) {
    task = body;
    done = 0;
    int next = job + 1;
    int owners = Math.min(threads(), tasks);
    for (int w = 0; w < threads(); w++) {
      int from = w < owners ? (int) ((long) tasks * w / owners) : tasks;
      int to = w < owners ? (int) ((long) tasks * (w + 1) / owners) : tasks;
      RUN.setRelease(runs, slot(w), run(next, from, to));
    }
    job = next;
    for (int i = 0; i < owners - 1; i++) {
      if (workers[i].parked) {
        LockSupport.unpark(workers[i]);
      }
    }
  }

  /** Takes tasks until none is left: its own first, then those of the next threads. */
  private void work(int worker) {
    int ran = 0;
    TaskEvent event = TaskEvent.start();
    int threads = threads();
    for (int i = 0; i < threads; i++) {
      int owner = worker + i < threads ? worker + i : worker + i - threads;
      int index = take(owner, i == 0);
      while (index >= 0) {
        try {
          Task body = task;
          if (body != null) {
            body.run(index, worker);
          }
        } catch (Throwable t) {
          failure = t;
        }
        ran++;
        index = take(owner, i == 0);
      }
    }
    if (ran > 0) {
      if (event != null) {
        event.finish("tasks", ran);
      }
      DONE.getAndAdd(this, ran);
    }
  }

  /** One task of a thread's run, from its front or its back; -1 where none is left. */
  private int take(int owner, boolean front) {
    while (true) {
      long seen = (long) RUN.getVolatile(runs, slot(owner));
      int from = (int) (seen >>> INDEX_BITS) & INDEX_MASK;
      int to = (int) seen & INDEX_MASK;
      if (from >= to) {
        return -1;
      }
      int number = (int) (seen >>> 2 * INDEX_BITS);
      long rest = front ? run(number, from + 1, to) : run(number, from, to - 1);
      if (RUN.compareAndSet(runs, slot(owner), seen, rest)) {
        return front ? from : to - 1;
      }
      Thread.onSpinWait();
    }
  }

  private static int slot(int thread) {
    return (thread + 1) * RUN_STRIDE;
  }

  private static long run(int job, int from, int to) {
    return (long) job << 2 * INDEX_BITS | (long) from << INDEX_BITS | to;
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
      int seen = 0;
      while (!closed) {
        awaitWork(seen);
        seen = job;
        work(number);
      }
    }

    /** Waits for a job with another number than {@code seen}. */
    private void awaitWork(int seen) {
      long start = System.nanoTime();
      int spins = 0;
      while (job == seen && !closed) {
        Thread.onSpinWait();
        if (++spins % SPINS_PER_LOOK != 0) {
          continue;
        }
        long idle = System.nanoTime() - start;
        if (idle > YIELD_NANOS) {
          park(seen);
          start = System.nanoTime();
        } else if (idle > SPIN_NANOS) {
          Thread.yield();
        }
      }
    }

    private void park(int seen) {
      parked = true;
      // Looks once more: a job published before `parked` was seen would not have woken this thread.
      if (job == seen && !closed) {
        LockSupport.park(WorkerPool.this);
      }
      parked = false;
    }
  }
}
