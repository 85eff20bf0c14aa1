package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.emulated.EmulatedDriver;
import dev.anechoic.kernels.emulated.EmulationLibrary;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rounded forms of parameters: made once, and never out of date. */
class RoundedWeightsTest {
  private static final int SIDE = 8;

  private static CudaBackend open(boolean wgmma) {
    String problem = EmulationLibrary.unavailableBecause();
    assumeTrue(problem == null, problem);
    return new CudaBackend(
        "test",
        new EmulatedDriver(EmulationLibrary.get(), false, wgmma),
        CudaBackend.Precision.BF16);
  }

  private static float[] values(float first) {
    float[] values = new float[SIDE * SIDE];
    for (int i = 0; i < values.length; i++) {
      values[i] = first + i % 5;
    }
    return values;
  }

  private static float[] product(CudaBackend backend, Arena arena, Tensor x, Tensor w) {
    Tensor out = arena.of(new float[SIDE * SIDE], SIDE, SIDE);
    backend.matmul(x, false, w, false, null, out, false);
    return out.toFloats();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void parameterIsRoundedOnceUntilItChanges(boolean wgmma) {
    try (CudaBackend backend = open(wgmma);
        Arena parameters = new Arena(backend, Arena.Tag.PARAMETERS, new MemoryLedger());
        Arena work = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      Tensor x = work.of(values(1), SIDE, SIDE);
      Tensor w = parameters.of(values(2), SIDE, SIDE);
      Tensor other = work.of(values(9), SIDE, SIDE);
      float[] first = product(backend, work, x, w);
      assertArrayEquals(product(backend, work, x, work.of(values(2), SIDE, SIDE)), first);
      // A change that the backend cannot know of shows whether it reads the parameter again.
      Driver driver = backend.gpu().driver();
      driver.copy(CudaBuffer.addressOf(w), CudaBuffer.addressOf(other), 4L * SIDE * SIDE);
      assertArrayEquals(first, product(backend, work, x, w));
      backend.write(w, values(3), 0);
      float[] expected = product(backend, work, x, work.of(values(3), SIDE, SIDE));
      assertArrayEquals(expected, product(backend, work, x, w));
    }
  }

  @Test
  void memoryOfAFreedParameterIsGivenBack() {
    try (CudaBackend backend = open(true);
        Arena work = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      Tensor x = work.of(values(1), SIDE, SIDE);
      product(backend, work, x, x); // takes what stays: room for operands, kernels
      long before = backend.gpu().pool().takenBytes();
      try (Arena parameters = new Arena(backend, Arena.Tag.PARAMETERS, new MemoryLedger())) {
        product(backend, work, x, parameters.of(values(2), SIDE, SIDE));
        assertTrue(backend.gpu().pool().takenBytes() > before);
      }
      assertEquals(before, backend.gpu().pool().takenBytes());
    }
  }

  @Test
  void roundingInsideARecordingIsNotTrustedOutside() {
    try (CudaBackend backend = open(true);
        Arena parameters = new Arena(backend, Arena.Tag.PARAMETERS, new MemoryLedger());
        Arena work = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      Tensor x = work.of(values(1), SIDE, SIDE);
      Tensor w = parameters.of(values(2), SIDE, SIDE);
      Tensor other = work.of(values(9), SIDE, SIDE);
      float[] first = product(backend, work, x, w);
      Driver driver = backend.gpu().driver();
      driver.copy(CudaBuffer.addressOf(w), CudaBuffer.addressOf(other), 4L * SIDE * SIDE);
      backend.gpu().stopRecording();
      float[] expected = product(backend, work, x, other);
      assertFalse(Arrays.equals(first, expected));
      assertArrayEquals(expected, product(backend, work, x, w));
    }
  }
}
