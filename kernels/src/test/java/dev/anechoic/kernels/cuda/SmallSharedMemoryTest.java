package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.emulated.EmulatedDriver;
import dev.anechoic.kernels.emulated.EmulationLibrary;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Devices of 8.6 and 8.9 have 99 KB of shared memory for a block, those of 8.0 163, of 9.0 227. */
class SmallSharedMemoryTest {
  private static final int SMALL = 99 << 10;
  private static final int LARGE = 227 << 10;
  private static final int TIME = 200;
  private static final int HEADS = 2;
  private static final int D = 128;

  @Test
  void attentionAndProductsFitAndKeepTheirBits() {
    String problem = EmulationLibrary.unavailableBecause();
    assumeTrue(problem == null, problem);
    float[][] large = results(LARGE);
    float[][] small = results(SMALL);
    for (int i = 0; i < large.length; i++) {
      assertArrayEquals(large[i], small[i]);
    }
  }

  /** Attention over a sequence and over a cache, and a product that a large tile would take. */
  private static float[][] results(int sharedBytes) {
    EmulatedDriver driver = new EmulatedDriver(EmulationLibrary.get(), false, false);
    driver.setMaxSharedBytes(sharedBytes);
    try (CudaBackend backend = new CudaBackend("test", driver, CudaBackend.Precision.BF16);
        Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      Random random = new Random(3);
      Tensor qkv = random(arena, random, 1, TIME, 3 * HEADS * D);
      Tensor out = arena.of(new float[TIME * HEADS * D], 1, TIME, HEADS * D);
      Tensor lse = arena.of(new float[HEADS * TIME], 1, HEADS, TIME);
      double scale = 1 / Math.sqrt(D);
      backend.attention(qkv, HEADS, HEADS, scale, out, lse);
      Tensor keys = arena.of(new float[HEADS * TIME * D], 1, HEADS, TIME, D);
      Tensor values = arena.of(new float[HEADS * TIME * D], 1, HEADS, TIME, D);
      Tensor zero = arena.of(new int[1], 1);
      Tensor cached = arena.of(new float[TIME * HEADS * D], 1, TIME, HEADS * D);
      backend.attentionCached(qkv, zero, zero, HEADS, HEADS, scale, keys, values, cached);
      assertArrayEquals(out.toFloats(), cached.toFloats());
      Tensor a = random(arena, random, 256, 64);
      Tensor b = random(arena, random, 64, 512);
      Tensor product = arena.of(new float[256 * 512], 256, 512);
      backend.matmul(a, false, b, false, null, product, false);
      return new float[][] {out.toFloats(), lse.toFloats(), product.toFloats()};
    }
  }

  private static Tensor random(Arena arena, Random random, int... dims) {
    int size = 1;
    for (int dim : dims) {
      size *= dim;
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return arena.of(values, dims);
  }
}
