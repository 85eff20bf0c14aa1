package dev.anechoic.kernels.simd;

import java.util.Arrays;

/**
 * A kernel whose rows can be computed in any order: rows are split into tasks over the threads.
 *
 * <p>A kernel sets its operands, then calls {@link #start}. The object is reused, so that a call
 * allocates nothing.
 */
abstract class RowKernel implements WorkerPool.Task {
  /** Work of a task that outweighs handing it over, in element visits: about 2 us. */
  private static final long TASK_ELEMENTS = 8192;

  private static final int TASKS_PER_THREAD = 4;

  private final WorkerPool pool;
  private final RowScratch[] scratch;
  private int rows;
  private int tasks;

  RowKernel(WorkerPool pool) {
    this.pool = pool;
    scratch = new RowScratch[pool.threads()];
    Arrays.setAll(scratch, i -> new RowScratch());
  }

  /** The scratch of a thread, with room for rows of so many columns. */
  final RowScratch scratch(int worker, int columns) {
    scratch[worker].room(columns);
    return scratch[worker];
  }

  /** Computes rows {@code from} to {@code to}, exclusive. */
  abstract void rows(int from, int to, int worker);

  /** Runs all rows; {@code elementsPerRow} says how much work a row is. */
  final void start(int rows, long elementsPerRow) {
    pool.checkOpen();
    int threads = pool.threads();
    long worthwhile = 1 + rows * elementsPerRow / TASK_ELEMENTS;
    int wanted = (int) Math.min(Math.min(rows, worthwhile), (long) threads * TASKS_PER_THREAD);
    if (threads == 1 || wanted <= 1) {
      if (rows > 0) {
        rows(0, rows, 0);
      }
      return;
    }
    this.rows = rows;
    this.tasks = wanted;
    pool.parallelFor(wanted, this);
  }

  @Override
  public final void run(int index, int worker) {
    int from = (int) ((long) rows * index / tasks);
    int to = (int) ((long) rows * (index + 1) / tasks);
    rows(from, to, worker);
  }
}
