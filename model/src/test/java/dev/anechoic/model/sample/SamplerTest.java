package dev.anechoic.model.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.testing.BackendsUnderTest;
import dev.anechoic.model.testing.Replays;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Positions;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.model.transformer.ValueHead;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SamplerTest {
  private static final long SEED = 11;
  private static final int VOCAB = 23;
  private static final int CONTEXT = 40;
  private static final ModelConfig CONFIG = ModelConfig.of(VOCAB, CONTEXT, 32, 2, 4);

  private final MemoryLedger ledger = new MemoryLedger();

  static Stream<String> backends() {
    return BackendsUnderTest.names();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void completionDependsOnNeitherSlotsNorNeighboursNorOrder(String name) {
    try (Backend backend = BackendsUnderTest.open(name, 1);
        Transformer model = model(backend)) {
      List<SampleRequest> requests = requests();
      List<SampleRequest> reversed = new ArrayList<>(requests);
      Collections.reverse(reversed);
      List<Completion> expected = sample(model, 1, requests, settings());
      for (int slots : new int[] {2, 5, 64}) {
        assertSame(expected, sample(model, slots, requests, settings()));
        List<Completion> again = new ArrayList<>(sample(model, slots, reversed, settings()));
        Collections.reverse(again);
        assertSame(expected, again);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void completionDoesNotDependOnThreads(String name) {
    List<Completion> expected;
    try (Backend backend = BackendsUnderTest.open(name, 1);
        Transformer model = model(backend)) {
      expected = sample(model, 2, requests(), settings());
    }
    try (Backend backend = BackendsUnderTest.open(name, 3);
        Transformer model = model(backend)) {
      for (int slots : new int[] {2, 12, 64}) {
        assertSame(expected, sample(model, slots, requests(), settings()));
      }
      AtomicInteger seen = new AtomicInteger();
      model.setObserver((layer, residual) -> seen.incrementAndGet());
      assertSame(expected, sample(model, 12, requests(), settings()));
      assertTrue(seen.get() > 0, "an observer of the model saw nothing");
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void logprobsAreTheTrainersToTheBit(String name) {
    try (Backend backend = BackendsUnderTest.open(name, 2);
        Transformer model = model(backend);
        Scorer scorer = new Scorer(model, ledger)) {
      for (double temperature : new double[] {1, 0.7}) {
        for (int slots : new int[] {1, 3, 16}) {
          List<Completion> completions =
              sample(model, slots, requests(), settings().withTemperature(temperature));
          List<int[]> sequences = completions.stream().map(Completion::sequence).toList();
          float[][] together = scorer.logprobs(sequences, temperature);
          for (int i = 0; i < sequences.size(); i++) {
            float[] alone = scorer.logprobs(List.of(sequences.get(i)), temperature)[0];
            assertArrayEquals(alone, together[i], "padding changed the bits");
            assertDrawnAre(completions.get(i), together[i]);
          }
        }
      }
      // The same shapes came several times, at two temperatures.
      assertEquals(backend.replays(), scorer.recorded() > 0);
    }
  }

  private static void assertDrawnAre(Completion completion, float[] scored) {
    int first = completion.sequence().length - completion.tokens().length - 1;
    float[] drawn = completion.logprobs();
    for (int t = 0; t < drawn.length; t++) {
      assertEquals(scored[first + t], drawn[t], 0.0f, "token " + t);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void readoutsAreThoseOfAPassOverTheWholeSequence(String name) {
    try (Backend backend = BackendsUnderTest.open(name, 3);
        Transformer model = model(backend);
        ValueHead head = new ValueHead(CONFIG.channels(), backend, ledger);
        Sampler sampler = new Sampler(model, 12, CONTEXT, ledger);
        Arena arena = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger)) {
      head.parameters().initialize(SEED);
      sampler.setReadout((tape, hidden) -> head.values(tape, hidden, false));
      Tape tape = new Tape(arena);
      tape.setRecording(false);
      for (Completion c : sampler.sample(requests(), settings())) {
        int[] sequence = c.sequence();
        Tensor tokens = arena.of(sequence, 1, sequence.length);
        float[] values = head.values(tape, model.hidden(tape, tokens, null), false).toFloats();
        int drawn = c.tokens().length;
        int first = sequence.length - drawn - 1;
        float[] expected = Arrays.copyOfRange(values, first, first + drawn);
        assertArrayEquals(expected, c.readouts());
        tape.reset();
      }
      sampler.setReadout(null);
      assertEquals(0, sampler.sample(requests(), settings()).getFirst().readouts().length);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void stopTokenEndsACompletionAndIsItsLast(String name) {
    try (Backend backend = BackendsUnderTest.open(name, 1);
        Transformer model = model(backend)) {
      int stopped = 0;
      for (Completion c : sample(model, 4, requests(), settings())) {
        int[] tokens = c.tokens();
        assertEquals(c.stopped(), tokens[tokens.length - 1] == settings().stopToken());
        for (int t = 0; t < tokens.length - 1; t++) {
          assertNotEquals(settings().stopToken(), tokens[t]);
        }
        assertTrue(c.stopped() || tokens.length == 20);
        stopped += c.stopped() ? 1 : 0;
      }
      assertTrue(stopped > 0, "seed " + SEED + " stops none: the test shows nothing");
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void temperatureZeroTakesTheMostProbableToken(String name) {
    try (Backend backend = BackendsUnderTest.open(name, 1);
        Transformer model = model(backend)) {
      SampleSettings greedy = settings().withTemperature(0);
      List<Completion> some = sample(model, 4, requests(), greedy);
      List<Completion> narrow = sample(model, 4, requests(), settings().withTopK(1));
      for (int i = 0; i < some.size(); i++) {
        assertArrayEquals(some.get(i).tokens(), narrow.get(i).tokens());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void openingCountsAsPromptAndPrecedesTheDrawnTokens(String name) {
    try (Backend backend = BackendsUnderTest.open(name, 1);
        Transformer model = model(backend)) {
      int[] prompt = {3, 1, 4};
      int[] opening = {1, 5};
      Completion forced =
          sample(model, 2, List.of(new SampleRequest(0, prompt, opening)), settings()).get(0);
      Completion same =
          sample(model, 2, List.of(new SampleRequest(0, new int[] {3, 1, 4, 1, 5})), settings())
              .get(0);
      assertArrayEquals(same.tokens(), forced.tokens());
      assertArrayEquals(same.logprobs(), forced.logprobs());
      assertArrayEquals(new int[] {1, 5}, Arrays.copyOf(forced.answer(), 2));
      assertEquals(forced.tokens().length, forced.logprobs().length);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void contextEndsACompletion(String name) {
    try (Backend backend = BackendsUnderTest.open(name, 1);
        Transformer model = model(backend)) {
      int[] prompt = new int[CONTEXT - 3];
      SampleSettings endless = SampleSettings.of(1, 1000, -1, SEED);
      Completion c = sample(model, 1, List.of(new SampleRequest(0, prompt)), endless).get(0);
      // The last drawn token needs no place in the cache.
      assertEquals(4, c.tokens().length);
      var error =
          assertThrows(
              UserError.class,
              () -> sample(model, 1, List.of(new SampleRequest(5, new int[CONTEXT])), endless));
      assertTrue(error.getMessage().contains("sample 5"), error::getMessage);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void severalStepsAtOnceGiveTheBitsOfStepByStep(String name) {
    for (ModelConfig config : List.of(CONFIG, CONFIG.withPositions(Positions.LEARNED))) {
      try (Backend backend = BackendsUnderTest.open(name, 1);
          Transformer plain = model(config, Replays.never(backend));
          Transformer replayed = model(config, Replays.always(backend))) {
        List<SampleRequest> requests = requests();
        for (int slots : new int[] {3, 6}) {
          try (Sampler one = new Sampler(plain, slots, CONTEXT, ledger);
              Sampler many = new Sampler(replayed, slots, CONTEXT, ledger)) {
            // Again with other settings, and with the first ones: recordings are made and renewed.
            for (SampleSettings s : List.of(settings(), settings().at(3, 7), settings())) {
              assertSame(one.sample(requests, s), many.sample(requests, s));
            }
            assertEquals(one.decodedTokens(), many.decodedTokens());
          }
        }
      }
    }
  }

  private Transformer model(Backend backend) {
    return model(CONFIG, backend);
  }

  private Transformer model(ModelConfig config, Backend backend) {
    Transformer model = new Transformer(config, backend, ledger);
    model.parameters().initialize(SEED);
    // Twenty times the usual scale, so that the distribution is far from uniform.
    backend.scale(model.parameters().flat(), 20, model.parameters().flat(), false);
    return model;
  }

  private static SampleSettings settings() {
    return SampleSettings.of(1, 20, 2, SEED);
  }

  /** Prompts of several lengths, some of them several times. */
  private static List<SampleRequest> requests() {
    List<SampleRequest> requests = new ArrayList<>();
    for (int p = 0; p < 5; p++) {
      int[] prompt = new int[1 + 4 * p];
      for (int i = 0; i < prompt.length; i++) {
        prompt[i] = 3 + Philox.below(VOCAB - 3, SEED, 97, 0, p, i);
      }
      for (int g = 0; g < 1 + p % 3; g++) {
        requests.add(new SampleRequest(requests.size(), prompt));
      }
    }
    return requests;
  }

  private List<Completion> sample(
      Transformer model, int slots, List<SampleRequest> requests, SampleSettings settings) {
    try (Sampler sampler = new Sampler(model, slots, CONTEXT, ledger)) {
      return sampler.sample(requests, settings);
    }
  }

  private static void assertSame(List<Completion> expected, List<Completion> actual) {
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i).tokens(), actual.get(i).tokens());
      assertArrayEquals(expected.get(i).logprobs(), actual.get(i).logprobs());
    }
  }
}
