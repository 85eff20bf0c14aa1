package dev.anechoic.kernels.emulated;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.kernels.cuda.KernelSources;
import dev.anechoic.kernels.cuda.LadderAttention;
import dev.anechoic.kernels.cuda.LadderMatmul;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.BFloat16;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every step of the teaching ladder, emulated, against sums in double. */
class LadderTest {
  private static final int M = 128;
  private static final int N = 256;
  private static final int K = 320; // more slices than any step has stages
  private static final int TIME = 192;
  private static final int HEADS = 2;
  private static final int D = LadderAttention.HEAD_SIZE;

  /** Weights of attention are rounded too: 2^-9 of the largest value, which is below 4. */
  private static final float ROUNDED_WEIGHTS = 4 * 0x1p-9f;

  private static final float SUMS = 1e-4f;

  @AfterEach
  void forwardLanes() {
    System.clearProperty(EmulatedProvider.REVERSE_PROPERTY);
  }

  @ParameterizedTest
  @EnumSource
  void matmulStepIsRightInBothOrdersOfLanes(LadderMatmul step) {
    Random random = new Random(7);
    boolean rounds = step.operands() != LadderMatmul.Operands.F32;
    float[] a = values(random, M * K, rounds);
    float[] b = values(random, K * N, rounds);
    float[] expected = product(a, b);
    for (String reverse : new String[] {"false", "true"}) {
      System.setProperty(EmulatedProvider.REVERSE_PROPERTY, reverse);
      try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-sm90");
          Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
        Tensor out = arena.of(new float[M * N], M, N);
        step.prepare(backend, arena, arena.of(a, M, K), arena.of(b, K, N), out).run();
        assertArrayEquals(expected, out.toFloats(), SUMS, step.idea());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void attentionStepIsRightInBothOrdersOfLanes(LadderAttention step) {
    float[] qkv = values(new Random(8), TIME * 3 * HEADS * D, step.rounds());
    float[] expected = attention(qkv);
    for (String reverse : new String[] {"false", "true"}) {
      System.setProperty(EmulatedProvider.REVERSE_PROPERTY, reverse);
      try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-sm90");
          Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
        Tensor out = arena.of(new float[TIME * HEADS * D], TIME, HEADS * D);
        Tensor packed = arena.of(qkv, TIME, 3 * HEADS * D);
        step.prepare(backend, arena, packed, HEADS, 1 / Math.sqrt(D), out).run();
        float tolerance = step.rounds() ? ROUNDED_WEIGHTS : SUMS;
        assertArrayEquals(expected, out.toFloats(), tolerance, step.idea());
      }
    }
  }

  @Test
  void everyKernelOfTheLadderIsAStep() {
    Pattern registered = Pattern.compile("REGISTER_KERNEL\\((ladder\\w+)\\)");
    Set<String> inSources = new TreeSet<>();
    for (byte[] text : KernelSources.all().values()) {
      registered
          .matcher(new String(text, StandardCharsets.UTF_8))
          .results()
          .forEach(m -> inSources.add(m.group(1)));
    }
    Set<String> steps = new TreeSet<>();
    Stream.of(LadderMatmul.values()).map(LadderMatmul::kernel).forEach(steps::add);
    Stream.of(LadderAttention.values()).map(LadderAttention::kernel).forEach(steps::add);
    assertEquals(inSources, steps);
  }

  @Test
  void sizesOffTheTileAreRefused() {
    try (CudaBackend backend = (CudaBackend) Emulated.open("cuda-emulated-sm90");
        Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      Tensor a = arena.of(new float[65 * 64], 65, 64);
      Tensor b = arena.of(new float[64 * 64], 64, 64);
      Tensor out = arena.of(new float[65 * 64], 65, 64);
      assertThrows(
          TensorException.class,
          () -> LadderMatmul.TENSOR_CORES.prepare(backend, arena, a, b, out));
    }
  }

  private static float[] values(Random random, int size, boolean rounded) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      float v = (float) random.nextGaussian();
      values[i] = rounded ? BFloat16.toFloat(BFloat16.fromFloat(v)) : v;
    }
    return values;
  }

  private static float[] product(float[] a, float[] b) {
    float[] out = new float[M * N];
    for (int m = 0; m < M; m++) {
      for (int n = 0; n < N; n++) {
        double sum = 0;
        for (int k = 0; k < K; k++) {
          sum += (double) a[m * K + k] * b[k * N + n];
        }
        out[m * N + n] = (float) sum;
      }
    }
    return out;
  }

  private static float[] attention(float[] qkv) {
    float[] out = new float[TIME * HEADS * D];
    for (int h = 0; h < HEADS; h++) {
      for (int row = 0; row < TIME; row++) {
        double[] weights = new double[row + 1];
        double sum = 0;
        for (int key = 0; key <= row; key++) {
          double dot = 0;
          for (int d = 0; d < D; d++) {
            dot += (double) at(qkv, row, 0, h, d) * at(qkv, key, 1, h, d);
          }
          weights[key] = Math.exp(dot / Math.sqrt(D));
          sum += weights[key];
        }
        for (int d = 0; d < D; d++) {
          double value = 0;
          for (int key = 0; key <= row; key++) {
            value += weights[key] / sum * at(qkv, key, 2, h, d);
          }
          out[(row * HEADS + h) * D + d] = (float) value;
        }
      }
    }
    return out;
  }

  /** Element of the queries (part 0), keys (1) or values (2). */
  private static float at(float[] qkv, int t, int part, int h, int d) {
    return qkv[t * 3 * HEADS * D + (part * HEADS + h) * D + d];
  }
}
