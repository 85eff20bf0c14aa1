package dev.anechoic.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.testing.BackendsUnderTest;
import dev.anechoic.model.testing.Replays;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TrainStepTest {
  private static final long SEED = 5;
  private static final int VOCAB = 17;
  private static final int TIME = 12;
  private static final int ROWS = 6;

  private final MemoryLedger ledger = new MemoryLedger();

  static Stream<String> backends() {
    return BackendsUnderTest.names();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void tinyBatchIsLearntByHeart(String name) {
    try (Run run = new Run(name, 1, 2)) {
      double first = run.step();
      double last = 0;
      for (int i = 0; i < 150; i++) {
        last = run.step();
      }
      assertEquals(Math.log(VOCAB), first, 0.05);
      assertTrue(last < 0.05, "loss " + last + " after 150 steps, seed " + SEED);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void resultDoesNotDependOnTheNumberOfThreads(String name) {
    try (Run one = new Run(name, 1, 4);
        Run two = new Run(name, 2, 4)) {
      for (int i = 0; i < 5; i++) {
        assertEquals(one.step(), two.step(), 0.0);
      }
      assertEquals(one.model.parameters().sha256(), two.model.parameters().sha256());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void microBatchesAddUpToTheBatch(String name) {
    try (Run whole = new Run(name, 1, ROWS);
        Run parts = new Run(name, 1, 4)) {
      assertEquals(whole.step(), parts.step(), 1e-5);
      double[] expected = whole.model.parameters().grad().toDoubles();
      assertArrayEquals(expected, parts.model.parameters().grad().toDoubles(), 1e-5);
      assertEquals(whole.optimizer.gradNorm(), parts.optimizer.gradNorm(), 1e-5);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aReplayedStepGivesTheBitsOfPlainJava(String name) {
    try (Run plain = new Run(Replays.never(BackendsUnderTest.open(name, 1)), 4);
        Run replayed = new Run(Replays.always(BackendsUnderTest.open(name, 1)), 4)) {
      for (int i = 0; i < 6; i++) {
        double lr = 1e-2 / (i + 1);
        // Shapes come and go: the second micro-batch is smaller, and in some steps shorter.
        int masked = i % 3;
        for (Run run : List.of(plain, replayed)) {
          run.draw(i);
          for (int row = 4; row < ROWS; row++) {
            Arrays.fill(run.targets, (row + 1) * TIME - masked, (row + 1) * TIME, Packer.MASKED);
          }
          run.train.run(run.inputs, run.targets, ROWS, TIME, lr);
        }
        assertEquals(plain.train.loss(), replayed.train.loss(), 0.0, "step " + i);
        assertEquals(plain.optimizer.gradNorm(), replayed.optimizer.gradNorm(), 0.0, "step " + i);
      }
      assertEquals(plain.model.parameters().sha256(), replayed.model.parameters().sha256());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void maskedTargetsDoNotCount(String name) {
    try (Run run = new Run(name, 1, ROWS);
        Run shorter = new Run(name, 1, ROWS)) {
      Arrays.fill(run.targets, 3 * TIME, ROWS * TIME, Packer.MASKED);
      run.train.run(run.inputs, run.targets, ROWS, TIME, 1e-2);
      shorter.train.run(shorter.inputs, shorter.targets, 3, TIME, 1e-2);
      assertEquals(shorter.train.loss(), run.train.loss(), 1e-6);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void steadyStateAllocatesNothing(String name) {
    // The reference is the specification, not a place to be fast.
    assumeTrue(!name.equals("reference"), "reference allocates");
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Run run = new Run(name, 1, 2)) {
      // Known shortfall, in docs/log.md: C2 leaves some vectors of the cpu kernels boxed, more of
      // them the more the JVM has run before. Everything else stays below a kilobyte.
      long most = name.equals("cpu") ? 1 << 20 : 1 << 10;
      long deadline = System.nanoTime() + 20_000_000_000L;
      long bytesPerStep;
      do {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 50; i++) {
          run.train.run(run.inputs, run.targets, ROWS, TIME, 1e-3);
        }
        bytesPerStep = (threads.getCurrentThreadAllocatedBytes() - before) / 50;
      } while (bytesPerStep >= most && System.nanoTime() < deadline);
      System.out.printf("TrainStepTest: %s allocates %d bytes per step%n", name, bytesPerStep);
      assertTrue(bytesPerStep < most, bytesPerStep + " bytes per step");
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void weightDecayShrinksMatricesWithoutGradient(String name) {
    try (Run run = new Run(name, 1, ROWS)) {
      double before = Math.abs(run.model.parameters().flat().toDoubles()[0]);
      run.optimizer.step(0.5);
      double after = Math.abs(run.model.parameters().flat().toDoubles()[0]);
      assertEquals(before * (1 - 0.5 * 0.1), after, 1e-6 * before);
      assertNotEquals(before, after);
    }
  }

  private final class Run implements AutoCloseable {
    final Backend backend;
    final Transformer model;
    final AdamW optimizer;
    final TrainStep train;
    final int[] inputs = new int[ROWS * TIME];
    final int[] targets = new int[ROWS * TIME];

    Run(String name, int threads, int microBatch) {
      this(BackendsUnderTest.open(name, threads), microBatch);
    }

    Run(Backend backend, int microBatch) {
      this.backend = backend;
      model = new Transformer(ModelConfig.of(VOCAB, TIME, 32, 2, 4), backend, ledger);
      model.parameters().initialize(SEED);
      optimizer = new AdamW(model.parameters(), Config.defaults(AdamW.Settings.class));
      train = new TrainStep(model, optimizer, microBatch, ledger);
      draw(0);
    }

    void draw(int step) {
      for (int i = 0; i < inputs.length; i++) {
        inputs[i] = Philox.below(VOCAB, SEED, 96, step, i / TIME, i % TIME);
        targets[i] = Philox.below(VOCAB, SEED, 96, step, i / TIME, i % TIME + 1);
      }
    }

    double step() {
      train.run(inputs, targets, ROWS, TIME, 1e-2);
      return train.loss();
    }

    @Override
    public void close() {
      train.close();
      optimizer.close();
      model.close();
      backend.close();
    }
  }
}
