package dev.anechoic.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.kernels.simd.SimdBackend;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import dev.anechoic.tensor.TensorException.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the CPU backends say where they are used wrongly. */
class CpuErrorTest {
  private static TensorException refused(Runnable action) {
    return assertThrows(TensorException.class, action::run);
  }

  private static Arena arena(Backend backend) {
    return new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger());
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "cpu-scalar"})
  void arraysOnTheHostHoldEveryElement(String name) {
    try (Backend backend = Backends.open(name, BackendOptions.DEFAULT.withThreads(1)).backend();
        Arena arena = arena(backend)) {
      Tensor floats = arena.zeros(DType.F32, 2, 3);
      Tensor halves = arena.zeros(DType.BF16, 4);
      Tensor ints = arena.zeros(DType.I32, 4);

      assertEquals(Kind.SHAPE, refused(() -> backend.write(floats, new float[9], 4)).kind());
      assertEquals(Kind.SHAPE, refused(() -> backend.write(halves, new double[3], 0)).kind());
      assertEquals(Kind.SHAPE, refused(() -> backend.write(ints, new int[9], -1)).kind());
      assertEquals(Kind.SHAPE, refused(() -> backend.read(floats, new double[5], 0)).kind());
      assertEquals(Kind.SHAPE, refused(() -> backend.read(ints, new int[0], 0)).kind());
      assertTrue(
          refused(() -> backend.read(halves, new float[9], 6)).getMessage().contains("BF16[4]"));
      backend.write(floats, new float[] {9, 1, 2, 3, 4, 5, 6, 9}, 1);
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, floats.toFloats());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void kernelsOfAClosedBackendAreRefused(int threads) {
    SimdBackend backend = new SimdBackend(threads);
    Arena arena = arena(backend);
    Tensor small = arena.zeros(DType.F32, 1, 3);
    Tensor large = arena.zeros(DType.F32, 300, 300);
    backend.close();

    for (Tensor x : new Tensor[] {small, large}) {
      TensorException e = refused(() -> backend.softmax(x, x));
      assertEquals(Kind.CLOSED, e.kind());
      assertTrue(e.getMessage().contains("open a new one"), e.getMessage());
      assertEquals(Kind.CLOSED, refused(() -> backend.fill(x, 1)).kind());
    }
    arena.close();
    backend.close(); // again, without effect
  }

  @Test
  void aTensorOfAnotherBackendIsNamed() {
    try (Backend cpu = new SimdBackend(1);
        Backend reference =
            Backends.open("reference", BackendOptions.DEFAULT.withThreads(1)).backend();
        Arena foreign = arena(reference)) {
      Tensor tokens = foreign.zeros(DType.I32, 5).named("tokens");

      TensorException e = refused(() -> cpu.fill(tokens, 1));
      assertEquals(Kind.DTYPE, e.kind());
      assertTrue(e.getMessage().contains("tokens I32[5]"), e.getMessage());
    }
  }
}
