package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.emulated.EmulationLibrary;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Recorded work becomes a graph, and gives what the plain launches give. */
class GraphRecorderTest {
  private CudaBackend backend;
  private Tensor x; // [8]
  private Tensor y; // [8]

  @BeforeEach
  void open() {
    String problem = EmulationLibrary.unavailableBecause();
    if (problem != null) {
      System.out.println("skipped: " + problem);
    }
    assumeTrue(problem == null, problem);
    backend = (CudaBackend) Backends.open("cuda-emulated", BackendOptions.DEFAULT).backend();
    Arena arena = arena();
    x = arena.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 8);
    y = arena.zeros(DType.F32, 8);
  }

  @AfterEach
  void close() {
    if (backend != null) {
      backend.close();
    }
  }

  @Test
  void theWorkRunsInJavaOnceAndIsReplayedFromThenOn() {
    GraphRecorder step =
        backend.record(() -> {
          backend.add(x, x, y);
          backend.scale(y, 0.75, x, false);
        });
    for (int i = 0; i < 5; i++) {
      step.run();
    }
    assertEquals(1, step.javaRuns());
    assertEquals(1, step.builds());
    assertEquals(5, step.launchesOfGraphs());
    float factor = (float) Math.pow(1.5, 5);
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, dividedBy(factor, x.toFloats()));
  }

  private static float[] dividedBy(float divisor, float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] /= divisor;
    }
    return values;
  }

  @Test
  void aReplayReadsWhatTheHostWroteInBetween() {
    GraphRecorder step = backend.record(() -> backend.add(x, x, y));
    step.run();
    backend.write(x, new float[] {8, 7, 6, 5, 4, 3, 2, 1}, 0);
    step.run();
    assertArrayEquals(new float[] {16, 14, 12, 10, 8, 6, 4, 2}, y.toFloats());
    assertEquals(1, step.javaRuns());
  }

  @Test
  void renewPutsChangedNumbersIntoTheGraph() {
    double[] factor = new double[1];
    GraphRecorder step = backend.record(() -> backend.scale(x, factor[0], y, true));
    for (int i = 1; i <= 3; i++) {
      factor[0] = i;
      step.renew();
    }
    step.run();
    assertEquals(1, step.builds());
    assertArrayEquals(new float[] {9, 18, 27, 36, 45, 54, 63, 72}, y.toFloats());
  }

  @Test
  void anotherKernelMakesTheGraphAnew() {
    boolean[] multiply = new boolean[1];
    GraphRecorder step =
        backend.record(() -> {
          if (multiply[0]) {
            backend.mul(x, x, y);
          } else {
            backend.add(x, x, y);
          }
        });
    step.run();
    multiply[0] = true;
    step.renew();
    assertEquals(2, step.builds());
    assertArrayEquals(new float[] {1, 4, 9, 16, 25, 36, 49, 64}, y.toFloats());
  }

  @Test
  void fewerLaunchesRunOnlyThose() {
    boolean[] clear = {true};
    GraphRecorder step =
        backend.record(() -> {
          backend.add(x, x, y);
          if (clear[0]) {
            backend.fill(y, 0);
          }
        });
    step.run();
    clear[0] = false;
    step.renew();
    step.run();
    assertArrayEquals(new float[] {2, 4, 6, 8, 10, 12, 14, 16}, y.toFloats());
  }

  @Test
  void workThatLooksAtResultsRunsInJavaEveryTime() {
    float[] seen = new float[8];
    GraphRecorder step =
        backend.record(() -> {
          backend.add(x, x, y);
          backend.read(y, seen, 0);
          backend.write(x, seen, 0);
          backend.scale(x, 0.5, x, false);
        });
    for (int i = 0; i < 3; i++) {
      step.run();
    }
    assertArrayEquals(new float[] {2, 4, 6, 8, 10, 12, 14, 16}, seen);
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, x.toFloats());
    assertEquals(2, step.builds());
    assertEquals(3, step.javaRuns());
  }

  @Test
  void memoryTakenInsideIsZeroWhenTheWorkReachesIt() {
    // A new arena gets the block of the old one, which a launch that still waits has written.
    GraphRecorder step =
        backend.record(() -> {
          try (Arena first = arena()) {
            backend.add(x, x, first.tensor(DType.F32, 8));
          }
          try (Arena second = arena()) {
            backend.copy(second.tensor(DType.F32, 8), y);
          }
        });
    step.run();
    assertArrayEquals(new float[8], y.toFloats());
  }

  @Test
  void scratchMemoryThatMovesMakesTheWorkRunInJavaAgain() {
    GraphRecorder step = backend.record(() -> backend.sumSquares(x, y.slice(0, 1), false));
    step.run();
    step.run();
    int before = step.javaRuns();
    try (Arena arena = arena()) {
      // Needs more scratch memory than the work did: the old one goes back to the pool.
      Tensor wide = arena.zeros(DType.F32, 4, 100_000);
      backend.sumRows(wide, arena.zeros(DType.F32, 100_000), false);
    }
    step.run();
    assertEquals(before + 1, step.javaRuns());
    step.run();
    assertEquals(before + 1, step.javaRuns());
    assertEquals(204, y.toFloats()[0]);
  }

  @Test
  void aReplayThatWritesParametersSaysSo() {
    try (Arena parameters = new Arena(backend, Arena.Tag.PARAMETERS, new MemoryLedger())) {
      Tensor weight = parameters.zeros(DType.F32, 8);
      GraphRecorder step = backend.record(() -> backend.add(x, x, weight));
      step.run();
      long version = backend.gpu().parameterVersion();
      step.run();
      assertTrue(backend.gpu().parameterVersion() > version);
    }
  }

  @Test
  void repeatedWorkRunsWhileTheNumberIsNotZero() {
    Tensor left = arena().of(new int[] {3, 2, 1, 0}, 4);
    Tensor rest = arena().zeros(DType.I32, 4);
    GraphRecorder step =
        backend.record(() -> {
          backend.add(x, y, y);
          backend.copyBlock(left, 1, 3, rest, 0, 3, 1, 3, false);
          backend.copy(rest, left);
        });
    step.repeat(left.slice(0, 1), 50);
    assertArrayEquals(new float[] {3, 6, 9, 12, 15, 18, 21, 24}, y.toFloats());
    step.repeat(left.slice(0, 1), 50);
    assertArrayEquals(new float[] {3, 6, 9, 12, 15, 18, 21, 24}, y.toFloats());
    assertEquals(1, step.javaRuns());
  }

  @Test
  void aRoundDoesNotRoundTheParametersAgain() {
    try (CudaBackend half =
            (CudaBackend) Backends.open("cuda-emulated-bf16", BackendOptions.DEFAULT).backend();
        Arena parameters = new Arena(half, Arena.Tag.PARAMETERS, new MemoryLedger());
        Arena data = new Arena(half, Arena.Tag.DATA, new MemoryLedger())) {
      Tensor weight = parameters.of(new float[] {1, 2, 3, 4}, 2, 2);
      Tensor in = data.of(new float[] {1, 1}, 1, 2);
      Tensor out = data.zeros(DType.F32, 1, 2);
      Tensor left = data.of(new int[] {2, 1, 0}, 3);
      Tensor rest = data.zeros(DType.I32, 3);
      GraphRecorder step =
          half.record(() -> {
            half.matmul(in, false, weight, false, null, out, true);
            half.copyBlock(left, 1, 2, rest, 0, 2, 1, 2, false);
            half.copy(rest, left);
          });
      step.run();
      step.repeat(left.slice(0, 1), 50);
      // Twice 1 + 3 and 2 + 4.
      assertArrayEquals(new float[] {8, 12}, out.toFloats());
      // The other operand is rounded each time: with product and two copies four launches of five.
      assertEquals(4, step.launchesOfRound());
      half.write(weight, new float[] {5, 6, 7, 8}, 0);
      half.write(left, new int[] {1, 0, 0}, 0);
      step.repeat(left.slice(0, 1), 50);
      assertArrayEquals(new float[] {20, 26}, out.toFloats());
    }
  }

  @Test
  void aBadIndexInAReplayIsReported() {
    try (Arena arena = arena()) {
      Tensor table = arena.zeros(DType.F32, 4, 8);
      Tensor index = arena.of(new int[] {3}, 1);
      GraphRecorder step = backend.record(() -> backend.embedding(table, index, y));
      step.run();
      backend.synchronize();
      backend.write(index, new int[] {4}, 0);
      step.run();
      TensorException e = assertThrows(TensorException.class, backend::synchronize);
      assertEquals(TensorException.Kind.INDEX, e.kind());
    }
  }

  @Test
  void aFailureInsideLeavesTheBackendUsable() {
    GraphRecorder failing =
        backend.record(() -> {
          backend.add(x, x, y);
          throw new IllegalStateException("stop");
        });
    assertThrows(IllegalStateException.class, failing::run);
    GraphRecorder step = backend.record(() -> backend.mul(x, x, y));
    step.run();
    assertArrayEquals(new float[] {1, 4, 9, 16, 25, 36, 49, 64}, y.toFloats());
  }

  @Test
  void recordingsDoNotNest() {
    GraphRecorder inner = backend.record(() -> backend.add(x, x, y));
    GraphRecorder outer = backend.record(inner::run);
    assertThrows(IllegalStateException.class, outer::run);
  }

  private Arena arena() {
    return new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger());
  }
}
