package dev.anechoic.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {
  @Test
  void everyTaskRunsOnce() {
    for (int threads : new int[] {1, 2, 5}) {
      try (var pool = new WorkerPool(threads)) {
        for (int tasks = 0; tasks < 300; tasks++) {
          var runs = new AtomicIntegerArray(Math.max(1, tasks));
          pool.parallelFor(tasks, (index, worker) -> runs.incrementAndGet(index));
          for (int i = 0; i < tasks; i++) {
            assertEquals(1, runs.get(i));
          }
        }
      }
    }
  }

  @Test
  void workersWakeAfterTheyParked() throws InterruptedException {
    try (var pool = new WorkerPool(3)) {
      for (int round = 0; round < 5; round++) {
        Thread.sleep(5);
        var runs = new AtomicIntegerArray(64);
        pool.parallelFor(64, (index, worker) -> runs.incrementAndGet(index));
        for (int i = 0; i < 64; i++) {
          assertEquals(1, runs.get(i));
        }
      }
    }
  }

  @Test
  void failureOfATaskReachesTheCallerAndThePoolGoesOn() {
    try (var pool = new WorkerPool(2)) {
      var thrown =
          assertThrows(
              ArithmeticException.class,
              () ->
                  pool.parallelFor(
                      10,
                      (index, worker) -> {
                        if (index == 7) {
                          throw new ArithmeticException("task 7");
                        }
                      }));
      assertEquals("task 7", thrown.getMessage());
      var runs = new AtomicIntegerArray(4);
      pool.parallelFor(4, (index, worker) -> runs.incrementAndGet(index));
      assertEquals(1, runs.get(3));
    }
  }

  @Test
  void secondCallerIsRefused() {
    try (var pool = new WorkerPool(2)) {
      assertThrows(
          IllegalStateException.class,
          () -> pool.parallelFor(2, (i, w) -> pool.parallelFor(2, (j, v) -> {})));
    }
  }
}
