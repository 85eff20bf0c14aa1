package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.emulated.EmulationLibrary;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Repeated work becomes a graph, and gives what the plain launches give. */
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
    Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger());
    x = arena.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 8);
    y = arena.zeros(DType.F32, 8);
  }

  @AfterEach
  void close() {
    if (backend != null) {
      backend.close();
    }
  }

  private GraphRecorder recorder() {
    return Objects.requireNonNull(backend.recorder("step"));
  }

  @Test
  void equalStepsAreOneGraphBuiltOnce() {
    for (int i = 0; i < 5; i++) {
      backend.repeated(
          "step",
          () -> {
            backend.add(x, x, y);
            backend.scale(y, 0.5, x, false);
          });
    }
    assertEquals(1, recorder().builds());
    assertEquals(5, recorder().launchesOfGraphs());
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, x.toFloats());
  }

  @Test
  void changedArgumentsReachTheGraph() {
    for (int i = 1; i <= 3; i++) {
      double factor = i;
      backend.repeated("step", () -> backend.scale(x, factor, y, true));
    }
    assertEquals(1, recorder().builds());
    assertArrayEquals(new float[] {6, 12, 18, 24, 30, 36, 42, 48}, y.toFloats());
  }

  @Test
  void anotherKernelMakesTheGraphAnew() {
    backend.repeated("step", () -> backend.add(x, x, y));
    backend.repeated("step", () -> backend.mul(x, x, y));
    assertEquals(2, recorder().builds());
    assertArrayEquals(new float[] {1, 4, 9, 16, 25, 36, 49, 64}, y.toFloats());
  }

  @Test
  void fewerLaunchesRunOnlyThose() {
    backend.repeated(
        "step",
        () -> {
          backend.add(x, x, y);
          backend.fill(y, 0);
        });
    backend.repeated("step", () -> backend.add(x, x, y));
    assertArrayEquals(new float[] {2, 4, 6, 8, 10, 12, 14, 16}, y.toFloats());
  }

  @Test
  void readingInsideSplitsTheWork() {
    float[] seen = new float[8];
    for (int i = 0; i < 3; i++) {
      backend.repeated(
          "step",
          () -> {
            backend.add(x, x, y);
            backend.read(y, seen, 0);
            backend.write(x, seen, 0);
            backend.scale(x, 0.5, x, false);
          });
    }
    assertArrayEquals(new float[] {2, 4, 6, 8, 10, 12, 14, 16}, seen);
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, x.toFloats());
    assertEquals(2, recorder().builds());
  }

  @Test
  void aFailureInsideLeavesTheBackendUsable() {
    assertThrows(
        IllegalStateException.class,
        () ->
            backend.repeated(
                "step",
                () -> {
                  backend.add(x, x, y);
                  throw new IllegalStateException("stop");
                }));
    backend.repeated("step", () -> backend.mul(x, x, y));
    assertArrayEquals(new float[] {1, 4, 9, 16, 25, 36, 49, 64}, y.toFloats());
  }
}
