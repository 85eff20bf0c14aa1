package dev.anechoic.kernels.emulated;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.kernels.cuda.AttentionTile;
import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention by wgmma and by mma.sync against each other: tiles, caches, chunks, grouped heads. */
class AttentionTileTest {
  /** Weights and values are rounded to bf16 at the same places; sums differ in order only. */
  private static final float SAME_OPERANDS = 2e-2f;

  @AfterEach
  void forwardLanes() {
    System.clearProperty(EmulatedProvider.REVERSE_PROPERTY);
  }

  /** Times below a tile, off the tile, and over several chunks of 256 keys. */
  @ParameterizedTest
  @CsvSource({
    "2, 1, 1, 1, 32, false",
    "1, 70, 4, 2, 32, true",
    "2, 130, 2, 1, 64, false",
    "1, 129, 2, 2, 128, true",
    "1, 530, 2, 1, 64, true",
    "1, 520, 1, 1, 128, false",
    "1, 600, 2, 2, 32, false"
  })
  void everyTileGivesTheSameBits(
      int batch, int time, int heads, int kvHeads, int headSize, boolean reverse) {
    System.setProperty(EmulatedProvider.REVERSE_PROPERTY, String.valueOf(reverse));
    try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-sm90");
        Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      int width = (heads + 2 * kvHeads) * headSize;
      Random random = new Random(time);
      Tensor qkv = Normal.tensor(arena, random, batch, time, width);
      Tensor dOut = Normal.tensor(arena, random, batch, time, heads * headSize);
      float[] old = Normal.values(random, batch * time * width);
      double scale = 1 / Math.sqrt(headSize);
      float[][] wgmma = null;
      float[][] mma = null;
      for (AttentionTile tile : AttentionTile.values()) {
        backend.forceAttention(tile);
        Tensor out = arena.of(nan(batch * time * heads * headSize), batch, time, heads * headSize);
        Tensor lse = arena.of(nan(batch * heads * time), batch, heads, time);
        backend.attention(qkv, heads, kvHeads, scale, out, lse);
        Tensor dQkv = arena.of(old, batch, time, width);
        backend.attentionBackward(qkv, heads, kvHeads, scale, out, lse, dOut, dQkv, true);
        float[][] result = {out.toFloats(), lse.toFloats(), dQkv.toFloats()};
        if (!tile.wgmma()) {
          mma = result;
        } else if (wgmma == null) {
          wgmma = result;
        } else {
          assertArrayEquals(wgmma[0], result[0], tile.toString());
          assertArrayEquals(wgmma[1], result[1], tile.toString());
          assertArrayEquals(wgmma[2], result[2], tile.toString());
        }
      }
      assertTrue(wgmma != null && mma != null);
      assertArrayEquals(mma[0], wgmma[0], SAME_OPERANDS);
      assertArrayEquals(mma[1], wgmma[1], 1e-4f);
      assertArrayEquals(mma[2], wgmma[2], SAME_OPERANDS);
    }
  }

  /**
   * A prompt and single tokens over a cache have the bits of the whole. The emulated device has two
   * multiprocessors: one sequence is split over its chunks, four are not.
   */
  @ParameterizedTest
  @CsvSource({
    "1, 330, 4, 1, 32, 1",
    "1, 530, 4, 2, 64, 7",
    "4, 270, 2, 2, 64, 200",
    "1, 300, 1, 1, 128, 64",
    "4, 262, 4, 1, 128, 131"
  })
  void cacheGivesTheBitsOfTheWhole(
      int batch, int time, int heads, int kvHeads, int headSize, int piece) {
    try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-sm90");
        Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      int width = (heads + 2 * kvHeads) * headSize;
      int outWidth = heads * headSize;
      float[] packed = Normal.values(new Random(piece), batch * time * width);
      double scale = 1 / Math.sqrt(headSize);
      Tensor whole = arena.of(nan(batch * time * outWidth), batch, time, outWidth);
      Tensor lse = arena.of(nan(batch * heads * time), batch, heads, time);
      backend.attention(arena.of(packed, batch, time, width), heads, kvHeads, scale, whole, lse);
      float[] expected = whole.toFloats();
      Tensor keys =
          arena.of(nan(batch * kvHeads * time * headSize), batch, kvHeads, time, headSize);
      Tensor values =
          arena.of(nan(batch * kvHeads * time * headSize), batch, kvHeads, time, headSize);
      int[] slot = new int[batch];
      java.util.Arrays.setAll(slot, b -> batch - 1 - b);
      Tensor slots = arena.of(slot, batch);
      // A prompt first, so that the pieces are few.
      int prompt = time - 2 * piece - 1;
      for (int start = 0; start < time; ) {
        int count = Math.min(start == 0 && prompt > 0 ? prompt : piece, time - start);
        int[] same = new int[batch];
        java.util.Arrays.fill(same, start);
        Tensor out = arena.of(nan(batch * count * outWidth), batch, count, outWidth);
        Tensor rows =
            arena.of(times(packed, batch, time, width, start, count), batch, count, width);
        Tensor starts = arena.of(same, batch);
        backend.attentionCached(rows, slots, starts, heads, kvHeads, scale, keys, values, out);
        assertArrayEquals(
            times(expected, batch, time, outWidth, start, count), out.toFloats(), "from " + start);
        start += count;
      }
    }
  }

  @Test
  void otherHeadSizesAndScalesGoByMmaSync() {
    try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-sm90")) {
      assertTrue(AttentionTile.WGMMA_64.runsOn(backend, 64));
      assertEquals(false, AttentionTile.WGMMA_64.runsOn(backend, 80));
      assertTrue(AttentionTile.MMA.runsOn(backend, 80));
    }
    try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-bf16")) {
      TensorException e =
          assertThrows(
              TensorException.class, () -> backend.forceAttention(AttentionTile.WGMMA_128));
      assertTrue(e.getMessage().contains("compute capability 9.0"), e.getMessage());
      backend.forceAttention(AttentionTile.MMA);
    }
  }

  private static float[] times(
      float[] values, int batch, int time, int width, int start, int count) {
    float[] part = new float[batch * count * width];
    for (int b = 0; b < batch; b++) {
      System.arraycopy(values, (b * time + start) * width, part, b * count * width, count * width);
    }
    return part;
  }

  private static float[] nan(int size) {
    float[] values = new float[size];
    java.util.Arrays.fill(values, Float.NaN);
    return values;
  }
}
