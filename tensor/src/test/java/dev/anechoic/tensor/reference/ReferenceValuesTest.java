package dev.anechoic.tensor.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Kernels.KlEstimator;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import org.junit.jupiter.api.Test;

/** The specification against numbers worked out by hand. */
class ReferenceValuesTest {
  private static final double TINY = 1e-12;

  private final Backend k = new ReferenceBackend();
  private final Arena arena = new Arena(k, Arena.Tag.WORKSPACE, new MemoryLedger());

  private Tensor row(double... values) {
    return arena.of(values, 1, values.length);
  }

  private Tensor vector(double... values) {
    return arena.of(values, values.length);
  }

  private Tensor empty(int... dims) {
    return arena.zeros(DType.F64, dims);
  }

  @Test
  void matmulWithTransposesAndBias() {
    Tensor a = arena.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Tensor b = arena.of(new double[] {1, 0, 2, 1, 0, 3}, 3, 2);
    Tensor y = empty(2, 2);
    k.matmul(a, false, b, false, vector(10, 20), y, false);
    assertArrayEquals(new double[] {15, 31, 24, 43}, y.toDoubles());

    Tensor square = empty(3, 3);
    k.matmul(a, true, b, true, null, square, false); // aᵀ bᵀ
    assertArrayEquals(new double[] {1, 6, 12, 2, 9, 15, 3, 12, 18}, square.toDoubles());
  }

  @Test
  void uniformLogitsLoseLnOfTheVocabulary() {
    Tensor loss = empty(2);
    k.crossEntropy(empty(2, 512), arena.of(new int[] {7, -1}, 2), loss, empty(2));
    assertArrayEquals(new double[] {Math.log(512), 0}, loss.toDoubles(), TINY);

    Tensor entropy = empty(1);
    k.entropy(empty(1, 512), 0.5, entropy, empty(1));
    assertEquals(Math.log(512), entropy.toDoubles()[0], TINY);
  }

  @Test
  void softmaxOfLogsGivesTheWeights() {
    Tensor y = empty(1, 3);
    k.softmax(row(Math.log(1), Math.log(2), Math.log(5)), y);
    assertArrayEquals(new double[] {0.125, 0.25, 0.625}, y.toDoubles(), TINY);
  }

  @Test
  void logSoftmaxIsTheLogOfTheWeights() {
    Tensor y = empty(1, 3);
    k.logSoftmax(row(1 + Math.log(1), 1 + Math.log(2), 1 + Math.log(5)), y);
    assertArrayEquals(
        new double[] {Math.log(0.125), Math.log(0.25), Math.log(0.625)}, y.toDoubles(), TINY);
  }

  @Test
  void temperatureDividesTheLogits() {
    Tensor logprobs = empty(2);
    Tensor logits = arena.of(new double[] {0, Math.log(3), 5, 6}, 2, 2);
    k.tokenLogProbs(logits, arena.of(new int[] {1, -1}, 2), 0.5, logprobs, empty(2));
    assertArrayEquals(new double[] {Math.log(0.9), 0}, logprobs.toDoubles(), TINY); // 9 to 1

    Tensor entropy = empty(1);
    k.entropy(row(0, Math.log(3)), 0.5, entropy, empty(1));
    assertEquals(-0.9 * Math.log(0.9) - 0.1 * Math.log(0.1), entropy.toDoubles()[0], TINY);
  }

  @Test
  void activationsOfOne() {
    double sigmoid = Math.E / (1 + Math.E);
    Tensor y = empty(1, 2);
    k.silu(row(1, -1), y);
    assertArrayEquals(new double[] {sigmoid, sigmoid - 1}, y.toDoubles(), TINY);

    Tensor gated = empty(1, 2);
    k.swiglu(row(1, -1, 10, 100), gated); // gates, then what they let through
    assertArrayEquals(
        new double[] {10 * sigmoid, 100 * (sigmoid - 1)}, gated.toDoubles(), 100 * TINY);

    k.gelu(row(1, -1), y);
    double tanhForm = 0.8411919906082768; // of the exact 0.8413447460685429
    assertArrayEquals(new double[] {tanhForm, tanhForm - 1}, y.toDoubles(), TINY);
  }

  @Test
  void dropoutKeepsAndScalesTheShareAndItsGradientTheSameElements() {
    int columns = 20_000;
    Tensor ones = empty(1, columns);
    k.fill(ones, 1);
    Tensor y = empty(1, columns);
    k.dropout(ones, 0.2, 3, 4, 5, y);
    int kept = 0;
    for (double value : y.toDoubles()) {
      assertTrue(value == 0 || value == 1 / 0.8);
      kept += value == 0 ? 0 : 1;
    }
    assertEquals(0.8 * columns, kept, 283); // five standard deviations

    Tensor gradient = empty(1, columns);
    k.dropoutBackward(ones, 0.2, 3, 4, 5, gradient, false);
    assertArrayEquals(y.toDoubles(), gradient.toDoubles());
    double[] first = y.toDoubles();
    long[][] others = {{2, 4, 5}, {3, 5, 5}, {3, 4, 6}};
    for (long[] address : others) {
      k.dropout(ones, 0.2, address[0], (int) address[1], (int) address[2], gradient);
      double[] other = gradient.toDoubles();
      int same = 0;
      for (int i = 0; i < columns; i++) {
        same += first[i] == other[i] ? 1 : 0;
      }
      assertEquals(0.68 * columns, same, 330); // 0.8² + 0.2²
    }
  }

  @Test
  void normsOfThreeFour() {
    Tensor y = empty(1, 2);
    k.rmsNorm(row(3, 4), vector(1, 2), 0, y, empty(1));
    double rms = Math.sqrt(12.5);
    assertArrayEquals(new double[] {3 / rms, 8 / rms}, y.toDoubles(), TINY);

    k.layerNorm(row(3, 5), null, vector(0, 10), 0, y, empty(1), empty(1));
    assertArrayEquals(new double[] {-1, 11}, y.toDoubles(), TINY);
  }

  @Test
  void klOfTwoCoins() {
    Tensor kl = empty(1);
    k.klFull(row(0, 0), row(Math.log(3), 0), 1, kl, empty(1), empty(1));
    assertEquals(0.5 * Math.log(0.5 / 0.75) + 0.5 * Math.log(0.5 / 0.25), kl.toDoubles()[0], TINY);
  }

  @Test
  void sampledKlEstimatorsByTheirFormulas() {
    Tensor kl = empty(1);
    double logRatio = -0.5; // log p - log q
    for (KlEstimator estimator : KlEstimator.values()) {
      k.klSampled(vector(-1.5), vector(-1), estimator, kl);
      double expected =
          switch (estimator) {
            case K1 -> logRatio;
            case K2 -> 0.125;
            case K3 -> Math.exp(-logRatio) - 1 + logRatio;
          };
      assertEquals(expected, kl.toDoubles()[0], TINY);
    }
  }

  @Test
  void policyLossClipsOnTheSideThatGains() {
    double up = Math.log(1.5);
    double down = Math.log(0.5);
    Tensor ratio = empty(4);
    Tensor loss = empty(4);
    Tensor advantages = vector(1, -1, 1, -1);
    k.policyLoss(vector(up, up, down, down), empty(4), advantages, 0.2, 0.3, loss, ratio);
    assertArrayEquals(new double[] {-1.3, 1.5, -0.5, 0.8}, loss.toDoubles(), TINY);

    Tensor gradient = empty(4);
    k.policyLossBackward(advantages, 0.2, 0.3, ratio, vector(1, 1, 1, 1), gradient, false);
    assertArrayEquals(new double[] {0, 1.5, -0.5, 0}, gradient.toDoubles(), TINY);
  }

  @Test
  void valueLossTakesTheLargerError() {
    Tensor loss = empty(2);
    k.valueLoss(vector(2, 0.1), vector(0, 0), vector(3, 3), 0.5, loss);
    assertArrayEquals(new double[] {2.5 * 2.5 / 2, 2.9 * 2.9 / 2}, loss.toDoubles(), TINY);
  }

  @Test
  void attentionOfTwoTokens() {
    // One head of size 1; per token query, key, value.
    Tensor qkv = arena.of(new double[] {1, 0, 10, 1, Math.log(3), 20}, 1, 2, 3);
    Tensor out = empty(1, 2, 1);
    Tensor lse = empty(1, 1, 2);
    k.attention(qkv, 1, 1, 1, out, lse);
    assertArrayEquals(new double[] {10, 0.25 * 10 + 0.75 * 20}, out.toDoubles(), TINY);
    assertArrayEquals(new double[] {0, Math.log(4)}, lse.toDoubles(), TINY);
  }

  @Test
  void rotaryByAQuarterTurn() {
    Tensor table = arena.of(new double[] {0, 1}, 1, 2); // cos 0, sin 1
    Tensor y = empty(1, 1, 3);
    k.rotary(arena.of(new double[] {3, 4, 5}, 1, 1, 3), null, table, 1, 2, false, y);
    assertArrayEquals(new double[] {-4, 3, 5}, y.toDoubles());
    k.rotary(y, null, table, 1, 2, true, y);
    assertArrayEquals(new double[] {3, 4, 5}, y.toDoubles());
  }

  @Test
  void greedySamplingTakesTheFirstOfTheLargest() {
    Tensor tokens = arena.zeros(DType.I32, 1);
    Tensor logprobs = empty(1);
    Tensor zero = arena.zeros(DType.I32, 1);
    Tensor address = arena.of(Philox.address(1, 1, 1), Philox.ADDRESS_SIZE);
    k.sample(row(0, 2, 2, 1), 0, 1, 0.1, address, zero, zero, tokens, logprobs);
    assertEquals(1, tokens.toInts()[0]);
    double sum = 1 + 2 * Math.exp(2) + Math.E;
    assertEquals(2 - Math.log(sum), logprobs.toDoubles()[0], TINY);
  }

  @Test
  void samplingFollowsTheKeptDistribution() {
    int draws = 20_000;
    double[] logits = new double[draws * 4];
    int[] positions = new int[draws];
    for (int n = 0; n < draws; n++) {
      for (int v = 0; v < 4; v++) {
        logits[n * 4 + v] = Math.log(v + 1); // 0.1, 0.2, 0.3, 0.4
      }
      positions[n] = n;
    }
    Tensor tokens = arena.zeros(DType.I32, draws);
    Tensor logprobs = empty(draws);
    Tensor samples = arena.zeros(DType.I32, draws);
    // top-k 3 leaves 2, 3, 4 of 9; top-p 0.7 of those keeps 4/9 and 3/9.
    k.sample(
        arena.of(logits, draws, 4),
        1,
        3,
        0.7,
        arena.of(Philox.address(5, 1, 1), Philox.ADDRESS_SIZE),
        samples,
        arena.of(positions, draws),
        tokens,
        logprobs);
    int[] counts = new int[4];
    for (int token : tokens.toInts()) {
      counts[token]++;
    }
    assertEquals(0, counts[0] + counts[1]);
    assertEquals(draws * 4 / 7.0, counts[3], 350); // five standard deviations
    double first = logprobs.toDoubles()[0];
    assertEquals(Math.log((tokens.toInts()[0] + 1) / 7.0), first, TINY);
  }

  @Test
  void firstAdamWStepMovesByTheRate() {
    Tensor param = vector(1);
    Tensor m = vector(0);
    Tensor v = vector(0);
    Tensor rates = vector(0.01 / (1 - 0.9), 1 / (1 - 0.99), 0.01 * 0.1);
    k.adamW(param, vector(-3), m, v, rates, 0.9, 0.99, 0, vector(0.5));
    assertEquals(1 + 0.01 - 0.01 * 0.1, param.toDoubles()[0], TINY);
    assertEquals(-0.15, m.toDoubles()[0], TINY);
    assertEquals(0.0225, v.toDoubles()[0], TINY);
  }

  @Test
  void clipFactorByHand() {
    Tensor out = empty(1);
    k.clipFactor(vector(25), 1, out);
    assertEquals(0.2, out.toDoubles()[0], TINY);
    k.clipFactor(vector(0.25), 1, out);
    assertEquals(1, out.toDoubles()[0]);
    k.clipFactor(vector(Double.NaN), 1, out);
    assertEquals(Double.NaN, out.toDoubles()[0]);
  }

  @Test
  void bfloat16RoundsToEven() {
    Tensor half = arena.tensor(DType.BF16, 4);
    k.copy(vector(1 + 0x1p-8, 1 + 3 * 0x1p-8, 1 + 0x1p-8 + 0x1p-20, Double.NaN), half);
    double step = 0x1p-7;
    assertArrayEquals(new double[] {1, 1 + 2 * step, 1 + step, Double.NaN}, half.toDoubles());
  }

  @Test
  void otherTypesAreRefused() {
    assertEquals(
        TensorException.Kind.DTYPE,
        assertThrows(TensorException.class, () -> arena.tensor(DType.F32, 3)).kind());
    assertEquals(
        TensorException.Kind.DTYPE,
        assertThrows(TensorException.class, () -> k.gelu(arena.tensor(DType.BF16, 3), empty(3)))
            .kind());
  }
}
