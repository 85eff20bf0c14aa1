package dev.anechoic.kernels.emulated;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.kernels.cuda.MatmulTile;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The tiles of the bf16 products against each other: a choice for speed must not show in a bit. */
class MatmulTileTest {

  @ParameterizedTest
  @CsvSource({
    "1, 8, 8, false, false",
    "70, 40, 200, false, false",
    "129, 300, 65, false, true",
    "200, 257, 130, true, false",
    "65, 33, 63, true, true",
    "300, 513, 64, false, false",
    "40, 70, 4200, true, false" // a sum in chunks: side by side for large tiles, in turn for small
  })
  void everyTileGivesTheSameBits(int m, int n, int k, boolean transposeA, boolean transposeB) {
    try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-sm90");
        Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      Random random = new Random(m * 31L + n);
      Tensor a = Normal.tensor(arena, random, transposeA ? k : m, transposeA ? m : k);
      Tensor b = Normal.tensor(arena, random, transposeB ? n : k, transposeB ? k : n);
      Tensor bias = transposeA ? null : Normal.tensor(arena, random, n);
      float[] old = Normal.values(random, m * n);
      float[] wgmma = null;
      float[] mma = null;
      for (MatmulTile tile : MatmulTile.values()) {
        backend.forceTile(tile);
        Tensor out = arena.of(old, m, n);
        backend.matmul(a, transposeA, b, transposeB, bias, out, true);
        float[] result = out.toFloats();
        float[] expected = tile.wgmma() ? wgmma : mma;
        if (expected != null) {
          assertArrayEquals(expected, result, tile.toString());
        } else if (tile.wgmma()) {
          wgmma = result;
        } else {
          mma = result;
        }
      }
      assertTrue(wgmma != null && mma != null);
      // The sums start from the old value in one, and meet it at the end in the other.
      assertArrayEquals(mma, wgmma, 1e-6f * (100 + k));
    }
  }

  @ParameterizedTest
  @EnumSource
  void kernelAloneGivesTheBitsOfTheOp(MatmulTile tile) {
    try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-sm90");
        Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      Random random = new Random(5);
      Tensor a = Normal.tensor(arena, random, 70, 72);
      Tensor b = Normal.tensor(arena, random, 72, 264);
      Tensor alone = arena.of(new float[70 * 264], 70, 264);
      Tensor out = arena.of(new float[70 * 264], 70, 264);
      tile.prepare(backend, arena, a, b, alone).run();
      backend.forceTile(tile);
      backend.matmul(a, false, b, false, null, out, false);
      assertArrayEquals(out.toFloats(), alone.toFloats());
    }
  }

  /** The emulated device has two multiprocessors, so the largest tile with two blocks is taken. */
  @ParameterizedTest
  @CsvSource({
    "false, 64, 64, 64, WGMMA_64X32",
    "false, 64, 65, 64, WGMMA_64X64",
    "false, 129, 256, 64, WGMMA_128X256",
    "false, 64, 64, 4096, WGMMA_64X32",
    "true, 64, 64, 4096, WGMMA_128X256" // two chunks side by side
  })
  void ruleTakesTheLargestTileThatFillsTheDevice(
      boolean transposeA, int m, int n, int k, MatmulTile expected) {
    try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-sm90")) {
      assertEquals(expected, backend.tileOf(transposeA, m, n, k));
      backend.forceTile(MatmulTile.MMA_64X64);
      assertEquals(MatmulTile.MMA_64X64, backend.tileOf(transposeA, m, n, k));
    }
  }

  @Test
  void tileOfAnotherDeviceIsRefused() {
    try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-bf16")) {
      TensorException e =
          assertThrows(TensorException.class, () -> backend.forceTile(MatmulTile.WGMMA_128X256));
      assertTrue(e.getMessage().contains("compute capability 9.0"), e.getMessage());
      backend.forceTile(MatmulTile.MMA_128X128);
    }
  }
}
