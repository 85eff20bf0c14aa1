package dev.anechoic.model.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.testing.BackendsUnderTest;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import dev.anechoic.tensor.op.CrossEntropy;
import dev.anechoic.tensor.op.Embedding;
import dev.anechoic.tensor.op.WeightedSum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TransformerTest {
  private static final long SEED = 7;
  private static final int VOCAB = 19;
  private static final int TIME = 11;

  private final MemoryLedger ledger = new MemoryLedger();

  static Stream<String> backends() {
    return BackendsUnderTest.names();
  }

  /** The paper's block and every option, on every backend. */
  static Stream<Arguments> backendsAndModels() {
    ModelConfig plain = ModelConfig.of(VOCAB, 24, 32, 2, 4);
    List<ModelConfig> models =
        List.of(
            plain,
            plain.withTied(true),
            plain.withNorm(Norm.RMS).withKvHeads(2),
            plain.withPositions(Positions.LEARNED));
    return backends().flatMap(name -> models.stream().map(model -> Arguments.of(name, model)));
  }

  @ParameterizedTest
  @MethodSource("backends")
  void untrainedModelIsNearlyUniform(String name) {
    try (Fixture f = new Fixture(name, ModelConfig.of(VOCAB, 24, 32, 2, 4))) {
      int[] tokens = randomTokens(4 * TIME, 1);
      double loss = f.loss(tokens, 4);
      assertEquals(Math.log(VOCAB), loss, 0.05, "seed " + SEED);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void modelOfZerosIsExactlyUniform(String name) {
    try (Fixture f = new Fixture(name, ModelConfig.of(VOCAB, 24, 32, 2, 4))) {
      f.backend.fill(f.model.parameters().flat(), 0);
      assertEquals(Math.log(VOCAB), f.loss(randomTokens(2 * TIME, 1), 2), 1e-6);
    }
  }

  @ParameterizedTest
  @MethodSource("backendsAndModels")
  void cachedPassesGiveTheBitsOfTheFullPass(String name, ModelConfig config) {
    try (Fixture f = new Fixture(name, config);
        KvCache cache = new KvCache(config, 3, 20, f.backend, ledger)) {
      int[] tokens = randomTokens(2 * TIME, 2);
      double[] full = f.logits(tokens, 2);
      for (int prefill : new int[] {1, 5, TIME - 1, TIME}) {
        double[] cached = f.cachedLogits(tokens, 2, prefill, cache);
        assertArrayEquals(full, cached, 0.0, "prefill " + prefill);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backendsAndModels")
  void rowDoesNotDependOnBatchOrPadding(String name, ModelConfig config) {
    try (Fixture f = new Fixture(name, config)) {
      int[] tokens = randomTokens(3 * TIME, 3);
      double[] batch = f.logits(tokens, 3);
      int rowSize = TIME * VOCAB;
      for (int b = 0; b < 3; b++) {
        int[] row = Arrays.copyOfRange(tokens, b * TIME, (b + 1) * TIME);
        double[] expected = Arrays.copyOfRange(batch, b * rowSize, (b + 1) * rowSize);
        assertArrayEquals(expected, f.logits(row, 1), 0.0, "alone");
        double[] padded = f.logits(Arrays.copyOf(row, 2 * TIME), 1);
        assertArrayEquals(expected, Arrays.copyOf(padded, rowSize), 0.0, "padded");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backendsAndModels")
  void chosenRowsHaveTheBitsOfTheWholePass(String name, ModelConfig config) {
    int[] rows = {3, 4, TIME - 1, TIME, 2 * TIME - 1};
    try (Fixture f = new Fixture(name, config)) {
      f.model.parameters().trainable();
      int[] tokens = randomTokens(2 * TIME, 6);
      Tensor whole = f.model.hidden(f.tape, f.arena.of(tokens, 2, TIME), null);
      Tensor gathered = Embedding.forward(f.tape, whole, f.arena.of(rows, rows.length));
      double[] expected = gathered.toDoubles();
      double[] expectedGradient = f.gradientOfSum(gathered);

      f.model.parameters().zeroGrad();
      Tensor chosen =
          f.model.hiddenRows(f.tape, f.arena.of(tokens, 2, TIME), f.arena.of(rows, rows.length));
      assertArrayEquals(expected, chosen.toDoubles(), 0.0);
      double[] gradient = f.gradientOfSum(chosen);
      // Rows without a gradient are left out of sums: the same terms, on a GPU in other chunks.
      double largest = Arrays.stream(expectedGradient).map(Math::abs).max().orElseThrow();
      assertTrue(largest > 0, "a gradient");
      double tolerance = name.startsWith("cuda") ? 1e-5 * largest : 0;
      assertArrayEquals(expectedGradient, gradient, tolerance);
    }
  }

  static Stream<ModelConfig> models() {
    return backendsAndModels().map(a -> (ModelConfig) a.get()[1]).distinct();
  }

  @ParameterizedTest
  @MethodSource("models")
  void gradientMatchesCentralDifferences(ModelConfig config) {
    try (Fixture f = new Fixture("reference", config)) {
      int[] tokens = randomTokens(2 * TIME, 4);
      f.enlargeParameters();
      double[] gradient = f.gradient(tokens);
      double[] start = f.model.parameters().flat().toDoubles();
      double[] direction = new double[start.length];
      double slope = 0;
      for (ParameterLayout.Entry entry : f.model.parameters().layout().entries()) {
        for (int i = (int) entry.from(); i < entry.to(); i++) {
          direction[i] = Philox.normal(SEED, 99, 0, 0, i);
          slope += direction[i] * gradient[i];
        }
      }
      double h = 1e-4;
      double difference =
          (8 * (f.lossAt(start, direction, h, tokens) - f.lossAt(start, direction, -h, tokens))
                  - f.lossAt(start, direction, 2 * h, tokens)
                  + f.lossAt(start, direction, -2 * h, tokens))
              / (12 * h);
      assertEquals(slope, difference, 1e-6 * Math.max(1, Math.abs(slope)));
    }
  }

  @ParameterizedTest
  @MethodSource("backendsAndModels")
  void gradientIsThatOfTheReference(String name, ModelConfig config) {
    int[] tokens = randomTokens(2 * TIME, 4);
    try (Fixture f = new Fixture(name, config);
        Fixture reference = new Fixture("reference", config)) {
      f.enlargeParameters();
      reference.enlargeParameters();
      double[] got = f.gradient(tokens);
      double[] expected = reference.gradient(tokens);
      double error = 0;
      double norm = 0;
      for (int i = 0; i < expected.length; i++) {
        error += (got[i] - expected[i]) * (got[i] - expected[i]);
        norm += expected[i] * expected[i];
      }
      // Operands rounded to bf16 are off by up to 2^-9 each; a gradient passes through a dozen.
      boolean rounded = name.endsWith("bf16") || name.endsWith("sm90") || name.equals("cuda");
      double most = rounded ? 0.1 : 1e-4;
      assertTrue(Math.sqrt(error / norm) < most, "relative error " + Math.sqrt(error / norm));
    }
  }

  @ParameterizedTest
  @MethodSource("backendsAndModels")
  void checkpointingGivesTheSameGradientBits(String name, ModelConfig config) {
    try (Fixture f = new Fixture(name, config)) {
      int[] tokens = randomTokens(2 * TIME, 5);
      f.model.parameters().trainable();
      f.backward(tokens, 2);
      double[] expected = f.model.parameters().grad().toDoubles();
      f.model.parameters().zeroGrad();
      f.model.setCheckpointing(true);
      f.backward(tokens, 2);
      assertArrayEquals(expected, f.model.parameters().grad().toDoubles(), 0.0);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void observerSeesEveryLayerAndTheLastOneGivesTheLogits(String name) {
    try (Fixture f = new Fixture(name, ModelConfig.of(VOCAB, 24, 32, 2, 4))) {
      int[] tokens = randomTokens(TIME, 6);
      double[] expected = f.logits(tokens, 1);
      List<Tensor> residuals = new ArrayList<>();
      f.model.setObserver((layer, residual) -> residuals.add(residual));
      f.tape.setRecording(false);
      f.model.hidden(f.tape, f.arena.of(tokens, 1, TIME), null);
      assertEquals(3, residuals.size());
      assertArrayEquals(expected, f.model.lens(f.tape, residuals.get(2)).toDoubles(), 0.0);
      assertNotEquals(expected[0], f.model.lens(f.tape, residuals.get(0)).toDoubles()[0]);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void detachedValueHeadSendsNoGradientIntoTheModel(String name) {
    try (Fixture f = new Fixture(name, ModelConfig.of(VOCAB, 24, 32, 1, 4));
        ValueHead head = new ValueHead(32, f.backend, ledger)) {
      f.model.parameters().trainable();
      head.parameters().trainable();
      head.parameters().initialize(SEED);
      Tensor hidden = f.model.hidden(f.tape, f.arena.of(randomTokens(TIME, 8), 1, TIME), null);
      Tensor values = head.values(f.tape, hidden, true);
      f.tape.backward(WeightedSum.forward(f.tape, values, f.arena.of(ones(TIME), TIME)));
      assertEquals(TIME, values.size());
      assertTrue(Arrays.stream(f.model.parameters().grad().toDoubles()).allMatch(g -> g == 0));
      assertEquals(TIME, head.parameters().get("value.bias").grad().toDoubles()[0], 1e-6);
      f.tape.reset();

      hidden = f.model.hidden(f.tape, f.arena.of(randomTokens(TIME, 8), 1, TIME), null);
      values = head.values(f.tape, hidden, false);
      f.tape.backward(WeightedSum.forward(f.tape, values, f.arena.of(ones(TIME), TIME)));
      assertTrue(Arrays.stream(f.model.parameters().grad().toDoubles()).anyMatch(g -> g != 0));
    }
  }

  @Test
  void initialValuesDependOnNameAndIndexAlone() {
    ModelConfig small = ModelConfig.of(VOCAB, 24, 32, 1, 4);
    ModelConfig large = ModelConfig.of(2 * VOCAB, 24, 32, 3, 4);
    try (Fixture a = new Fixture("reference", small);
        Fixture b = new Fixture("reference", large)) {
      String name = ParameterLayout.Names.qkv(0);
      double[] values = a.model.parameters().get(name).toDoubles();
      assertArrayEquals(values, b.model.parameters().get(name).toDoubles(), 0.0);
      double variance = Arrays.stream(values).map(x -> x * x).average().orElseThrow();
      // A normal truncated at 3 sigma has the variance 0.9733 sigma².
      assertEquals(0.9733 * 0.02 * 0.02, variance, 0.05 * 0.02 * 0.02);
      assertTrue(Arrays.stream(values).allMatch(x -> Math.abs(x) <= 0.06 + 1e-9));
    }
  }

  @Test
  void sequenceLongerThanTheContextIsRefused() {
    try (Fixture f = new Fixture("reference", ModelConfig.of(VOCAB, 8, 32, 1, 4))) {
      Tensor tokens = f.arena.of(randomTokens(9, 1), 1, 9);
      var error = assertThrows(TensorException.class, () -> f.model.hidden(f.tape, tokens, null));
      assertTrue(error.getMessage().contains("at most 8"), error::getMessage);
    }
  }

  private static int[] randomTokens(int count, int step) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = Philox.below(VOCAB, SEED, 98, step, 0, i);
    }
    return tokens;
  }

  private static float[] ones(int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  /** A model with random parameters on a backend of its own. */
  private final class Fixture implements AutoCloseable {
    final Backend backend;
    final Transformer model;
    final Arena arena;
    final Tape tape;

    Fixture(String name, ModelConfig config) {
      backend = BackendsUnderTest.open(name, 1);
      model = new Transformer(config, backend, ledger);
      model.parameters().initialize(SEED);
      arena = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger);
      tape = new Tape(arena);
    }

    double[] logits(int[] tokens, int batch) {
      boolean recording = tape.setRecording(false);
      Tensor input = arena.of(tokens, batch, tokens.length / batch);
      double[] logits = model.logits(tape, model.hidden(tape, input, null)).toDoubles();
      tape.reset();
      tape.setRecording(recording);
      return logits;
    }

    /** The first {@code prefill} tokens at once, the others one by one; slots in reverse order. */
    double[] cachedLogits(int[] tokens, int batch, int prefill, KvCache cache) {
      int time = tokens.length / batch;
      double[] all = new double[batch * time * VOCAB];
      int[] slots = new int[batch];
      Arrays.setAll(slots, b -> batch - b);
      for (int from = 0; from < time; from = from == 0 ? prefill : from + 1) {
        int count = from == 0 ? prefill : 1;
        int[] piece = new int[batch * count];
        int[] starts = new int[batch];
        for (int b = 0; b < batch; b++) {
          System.arraycopy(tokens, b * time + from, piece, b * count, count);
          starts[b] = from;
        }
        Tensor hidden =
            model.hiddenCached(
                tape,
                arena.of(piece, batch, count),
                cache,
                arena.of(slots, batch),
                arena.of(starts, batch));
        double[] logits = model.logits(tape, hidden).toDoubles();
        tape.reset();
        for (int b = 0; b < batch; b++) {
          int size = count * VOCAB;
          System.arraycopy(logits, b * size, all, (b * time + from) * VOCAB, size);
        }
      }
      return all;
    }

    private Tensor recordLoss(int[] tokens, int batch) {
      int time = tokens.length / batch;
      int[] targets = new int[tokens.length];
      for (int i = 0; i < targets.length; i++) {
        targets[i] = (i + 1) % time == 0 ? -1 : tokens[i + 1];
      }
      float[] weights = ones(tokens.length);
      for (int i = 0; i < weights.length; i++) {
        weights[i] = 1f / (batch * (time - 1));
      }
      Tensor hidden = model.hidden(tape, arena.of(tokens, batch, time), null);
      Tensor losses =
          CrossEntropy.forward(tape, model.logits(tape, hidden), arena.of(targets, targets.length));
      return WeightedSum.forward(tape, losses, arena.of(weights, weights.length));
    }

    double loss(int[] tokens, int batch) {
      double loss = recordLoss(tokens, batch).toDoubles()[0];
      tape.reset();
      return loss;
    }

    double lossAt(double[] start, double[] direction, double h, int[] tokens) {
      double[] moved = new double[start.length];
      Arrays.setAll(moved, i -> start[i] + h * direction[i]);
      backend.write(model.parameters().flat(), moved, 0);
      return loss(tokens, 2);
    }

    /** To weights of a trained model's size, where the loss is not nearly linear. */
    void enlargeParameters() {
      Tensor all = model.parameters().flat();
      backend.scale(all, 5, all, false);
    }

    double[] gradient(int[] tokens) {
      model.parameters().trainable();
      backward(tokens, 2);
      return model.parameters().grad().toDoubles();
    }

    /** Gradient of a weighted sum of all elements, every weight another. */
    double[] gradientOfSum(Tensor y) {
      float[] weights = new float[(int) y.size()];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = (float) Philox.normal(SEED, 98, 0, 0, i);
      }
      tape.backward(WeightedSum.forward(tape, y, arena.of(weights, y.dim(0), y.columns())));
      tape.reset();
      return model.parameters().grad().toDoubles();
    }

    void backward(int[] tokens, int batch) {
      tape.backward(recordLoss(tokens, batch));
      tape.reset();
    }

    @Override
    public void close() {
      arena.close();
      model.close();
      backend.close();
    }
  }
}
