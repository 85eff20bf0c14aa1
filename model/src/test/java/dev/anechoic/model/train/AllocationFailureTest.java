package dev.anechoic.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.sample.SampleRequest;
import dev.anechoic.model.sample.SampleSettings;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.testing.BackendsUnderTest;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.spec.FailingAllocations;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Work in which each allocation fails in turn, and which is then done as if nothing had been. */
class AllocationFailureTest {
  private static final int VOCAB = 17;
  private static final int TIME = 12;
  private static final int ROWS = 3;
  private static final int MICRO_BATCH = 2;

  static Stream<String> backends() {
    return BackendsUnderTest.names();
  }

  private static Transformer model(Backend backend, MemoryLedger ledger) {
    Transformer model = new Transformer(ModelConfig.of(VOCAB, TIME, 32, 2, 4), backend, ledger);
    model.parameters().initialize(5);
    return model;
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aTrainingStep(String name) {
    try (Step undisturbed = new Step(name);
        Step disturbed = new Step(name)) {
      undisturbed.run();
      undisturbed.run();

      disturbed.run();
      int failures = FailingAllocations.atEveryIndex(disturbed.ledger, disturbed::run);
      assertEquals(undisturbed.model.parameters().sha256(), disturbed.model.parameters().sha256());
      assertEquals(undisturbed.train.loss(), disturbed.train.loss());
      if (!disturbed.backend.replays()) { // its second step is in the graph, memory and all
        assertTrue(failures > 50, "failed at " + failures + " points only");
      }
      for (Arena.Tag tag : Arena.Tag.values()) {
        long live = undisturbed.ledger.liveBytes(tag);
        assertEquals(live, disturbed.ledger.liveBytes(tag), tag.toString());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theFirstStep(String name) {
    try (Step undisturbed = new Step(name);
        Step disturbed = new Step(name)) {
      undisturbed.run();
      int failures = FailingAllocations.atEveryIndex(disturbed.ledger, disturbed::run);
      assertTrue(failures > 50, "failed at " + failures + " points only");
      assertEquals(undisturbed.model.parameters().sha256(), disturbed.model.parameters().sha256());
      assertEquals(0, disturbed.ledger.liveBytes(Arena.Tag.ACTIVATIONS));
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void sampling(String name) {
    MemoryLedger ledger = new MemoryLedger();
    SampleSettings settings = SampleSettings.of(1, 6, -1, 9);
    List<SampleRequest> requests =
        List.of(
            new SampleRequest(0, new int[] {1, 2, 3}),
            new SampleRequest(1, new int[] {4}, new int[] {5}),
            new SampleRequest(2, new int[] {1, 2, 3}));
    try (Backend backend = BackendsUnderTest.open(name, 1);
        Transformer model = model(backend, ledger);
        Sampler sampler = new Sampler(model, 2, TIME, ledger)) {
      List<Completion> expected = sampler.sample(requests, settings);
      long live = ledger.liveBytes(Arena.Tag.ACTIVATIONS);
      FailingAllocations.atEveryIndex(
          ledger,
          () -> {
            List<Completion> got = sampler.sample(requests, settings);
            for (int i = 0; i < requests.size(); i++) {
              assertArrayEquals(expected.get(i).tokens(), got.get(i).tokens());
              assertArrayEquals(expected.get(i).logprobs(), got.get(i).logprobs());
            }
          });
      assertEquals(live, ledger.liveBytes(Arena.Tag.ACTIVATIONS));
    }
  }

  private static final class Step implements AutoCloseable {
    final MemoryLedger ledger = new MemoryLedger();
    final Backend backend;
    final Transformer model;
    final AdamW optimizer;
    final TrainStep train;
    final int[] tokens = new int[ROWS * TIME];

    Step(String name) {
      backend = BackendsUnderTest.open(name, 1);
      model = model(backend, ledger);
      optimizer = new AdamW(model.parameters(), Config.defaults(AdamW.Settings.class));
      train = new TrainStep(model, optimizer, MICRO_BATCH, ledger);
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = Philox.below(VOCAB, 5, 96, 0, 0, i);
      }
    }

    void run() {
      train.run(tokens, tokens, ROWS, TIME, 1e-2);
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
