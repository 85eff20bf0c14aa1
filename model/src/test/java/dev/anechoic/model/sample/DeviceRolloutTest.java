package dev.anechoic.model.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.kernels.cuda.Driver;
import dev.anechoic.kernels.emulated.EmulatedDriver;
import dev.anechoic.kernels.emulated.EmulationLibrary;
import dev.anechoic.model.testing.Replays;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Positions;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.model.transformer.ValueHead;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tensor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A rollout on a device: nothing waits between its first launch and the download of its tokens. */
class DeviceRolloutTest {
  private static final long SEED = 5;
  private static final int VOCAB = 23;
  private static final int CONTEXT = 80;

  private final MemoryLedger ledger = new MemoryLedger();

  /** What the driver was asked to do, one letter each. */
  private final StringBuilder calls = new StringBuilder();

  private static final Map<String, Character> LETTERS =
      Map.ofEntries(
          Map.entry("launch", 'L'),
          Map.entry("copyIn", 'i'),
          Map.entry("copyOut", 'o'),
          Map.entry("synchronize", 'S'),
          Map.entry("waitFor", 'S'),
          Map.entry("elapsedNanos", 'S'),
          Map.entry("graph", 'G'),
          Map.entry("loop", 'G'),
          Map.entry("update", 'U'));

  private Driver recorded(Driver driver, boolean loops) {
    return (Driver) proxy(Driver.class, driver, loops);
  }

  private Object proxy(Class<?> type, Object target, boolean loops) {
    return Proxy.newProxyInstance(
        DeviceRolloutTest.class.getClassLoader(),
        new Class<?>[] {type},
        (proxy, method, arguments) -> {
          if (method.getName().equals("loop") && !loops) {
            return null;
          }
          Character letter = LETTERS.get(method.getName());
          if (letter != null) {
            calls.append(letter);
          }
          try {
            Object result = method.invoke(target, arguments);
            return result instanceof Driver.Graph graph
                ? proxy(Driver.Graph.class, graph, loops)
                : result;
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        });
  }

  private Backend device(boolean wgmma, boolean loops) {
    String problem = EmulationLibrary.unavailableBecause();
    assumeTrue(problem == null, problem);
    Driver driver = new EmulatedDriver(EmulationLibrary.get(), false, wgmma);
    CudaBackend.Precision precision =
        wgmma ? CudaBackend.Precision.BF16 : CudaBackend.Precision.F32;
    return new CudaBackend("counted", recorded(driver, loops), precision);
  }

  @Test
  void nothingWaitsBetweenTheFirstLaunchAndTheDownload() {
    for (boolean wgmma : new boolean[] {false, true}) {
      Positions positions = wgmma ? Positions.ROTARY : Positions.LEARNED;
      try (Backend backend = device(wgmma, true);
          Transformer model = model(positions, backend);
          Sampler sampler = new Sampler(model, 4, CONTEXT, ledger)) {
        sampler.sample(requests(14), settings(1)); // makes room
        calls.setLength(0);
        List<Completion> completions = sampler.sample(requests(14), settings(2));
        assertTrue(
            calls.toString().matches("i+L+(o+S)+"),
            "uploads, launches, then downloads were expected; the driver saw " + calls);
        assertEndsDiffer(completions);
      }
    }
  }

  /** More requests than places, and ends at different steps: places were refilled meanwhile. */
  private static void assertEndsDiffer(List<Completion> completions) {
    assertTrue(completions.stream().map(c -> c.tokens().length).distinct().count() > 3);
    assertTrue(completions.stream().anyMatch(Completion::stopped));
  }

  /** The graph of the steps and the one that goes round are made in the first rollout. */
  @Test
  void rolloutsOfOneShapeMakeTheirGraphsOnceWhateverSeedAndStep() {
    for (boolean wgmma : new boolean[] {false, true}) {
      Positions positions = wgmma ? Positions.ROTARY : Positions.LEARNED;
      try (Backend backend = device(wgmma, true);
          Transformer model = model(positions, backend);
          Transformer plain = model(positions, Replays.never(backend));
          ValueHead head = new ValueHead(model.config().channels(), backend, ledger);
          Sampler sampler = new Sampler(model, 4, CONTEXT, ledger);
          Sampler expected = new Sampler(plain, 4, CONTEXT, ledger)) {
        head.parameters().initialize(SEED);
        sampler.setReadout((tape, hidden) -> head.values(tape, hidden, false));
        expected.setReadout((tape, hidden) -> head.values(tape, hidden, false));
        for (int step = 1; step <= 4; step++) {
          SampleSettings settings =
              SampleSettings.of(1, 30, 2, SEED + ((long) step << 33)).at(7 + step, step);
          calls.setLength(0);
          List<Completion> drawn = sampler.sample(requests(14), settings);
          assertEquals(step == 1 ? 2 : 0, count('G'), "graphs made for rollout " + step);
          assertEquals(0, count('U'), "nodes changed for rollout " + step);
          assertEndsDiffer(drawn);
          assertSame(expected.sample(requests(14), settings), drawn);
        }
      }
    }
  }

  @Test
  void anUpdateOfTheModelShowsInAReplayedRollout() {
    for (boolean wgmma : new boolean[] {false, true}) {
      try (Backend backend = device(wgmma, true);
          Transformer model = model(Positions.ROTARY, backend);
          Transformer plain = model(Positions.ROTARY, Replays.never(backend));
          Sampler sampler = new Sampler(model, 4, CONTEXT, ledger);
          Sampler expected = new Sampler(plain, 4, CONTEXT, ledger)) {
        List<Completion> before = sampler.sample(requests(14), settings(1));
        for (Transformer each : List.of(model, plain)) {
          Tensor flat = each.parameters().flat();
          backend.scale(flat, 0.75, flat, false);
        }
        calls.setLength(0);
        List<Completion> after = sampler.sample(requests(14), settings(1));
        assertEquals(0, count('G'));
        assertSame(expected.sample(requests(14), settings(1)), after);
        assertFalse(
            Arrays.equals(before.getFirst().logprobs(), after.getFirst().logprobs()),
            "the update changes nothing: the test shows nothing");
      }
    }
  }

  private long count(char letter) {
    return calls.chars().filter(c -> c == letter).count();
  }

  @Test
  void repeatingGraphsRunNoLongerThanTheSequencesGrow() {
    try (Backend backend = device(false, true);
        Transformer model = model(Positions.ROTARY, backend);
        Sampler sampler = new Sampler(model, 4, CONTEXT, ledger)) {
      sampler.sample(requests(3), settings(1));
      calls.setLength(0);
      sampler.sample(requests(3), settings(1));
      // The settings are the same, so only the prefill and the start are launches of their own.
      assertTrue(count('L') < 60, "launches: " + count('L'));
    }
  }

  @Test
  void aDriverThatCannotRepeatGivesTheSameCompletionsWithoutWaiting() {
    List<Completion> expected;
    try (Backend backend = device(false, true);
        Transformer model = model(Positions.ROTARY, backend);
        Sampler sampler = new Sampler(model, 3, CONTEXT, ledger)) {
      expected = sampler.sample(requests(8), settings(2));
    }
    try (Backend backend = device(false, false);
        Transformer model = model(Positions.ROTARY, backend);
        Sampler sampler = new Sampler(model, 3, CONTEXT, ledger)) {
      sampler.sample(requests(8), settings(1));
      calls.setLength(0);
      assertSame(expected, sampler.sample(requests(8), settings(2)));
      assertTrue(calls.toString().matches("i+L+(o+S)+"), calls.toString());
    }
  }

  @Test
  void morePromptsThanFitAtOnceComeInSegments() {
    // 40 different prompts; the cache of two places holds 2 x 80 / 64 of them, two at once.
    List<SampleRequest> requests = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      requests.add(new SampleRequest(i, prompt(i, 2 + i % 9)));
    }
    try (Backend backend = device(false, true);
        Transformer plain = model(Positions.ROTARY, Replays.never(backend));
        Transformer replayed = model(Positions.ROTARY, backend);
        Sampler one = new Sampler(plain, 2, CONTEXT, ledger);
        Sampler all = new Sampler(replayed, 2, CONTEXT, ledger)) {
      assertSame(one.sample(requests, settings(1)), all.sample(requests, settings(1)));
      assertEquals(one.prefilledTokens(), all.prefilledTokens());
      RolloutPlan plan = new RolloutPlan(new RequestQueue(requests), 30, CONTEXT, 2);
      assertEquals(20, plan.segments().size());
    }
  }

  @Test
  void thePlanHoldsEachPromptOnceAndBoundsTheBlocks() {
    List<SampleRequest> requests = requests(6);
    RolloutPlan plan = new RolloutPlan(new RequestQueue(requests), 20, CONTEXT, 100);
    assertEquals(1, plan.segments().size());
    // Three prompts of 1, 5 and 9 tokens, twice each; the last token of each is read in decoding.
    assertEquals(2, plan.prompts());
    assertEquals(4 + 8, plan.prefillTokens());
    // 6 completions of at most 24 steps on 4 places: two after each other, so 6 blocks; the bound
    // of list scheduling is one third more.
    assertEquals((6 * 24 / 4 + 24) / 8 + 1, plan.segments().getFirst().blocks(4));
  }

  private Transformer model(Positions positions, Backend backend) {
    ModelConfig config = ModelConfig.of(VOCAB, CONTEXT, 64, 2, 2).withPositions(positions);
    Transformer model = new Transformer(config, backend, ledger);
    model.parameters().initialize(SEED);
    backend.scale(model.parameters().flat(), 12, model.parameters().flat(), false);
    return model;
  }

  private static SampleSettings settings(int step) {
    return SampleSettings.of(1, 30, 2, SEED).at(7, step);
  }

  /** Prompts of 1, 5, 9, ... tokens, each for two requests. */
  private static List<SampleRequest> requests(int count) {
    List<SampleRequest> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      requests.add(new SampleRequest(i, prompt(i / 2, 1 + 4 * (i / 2))));
    }
    return requests;
  }

  private static int[] prompt(int number, int length) {
    int[] prompt = new int[length];
    for (int i = 0; i < length; i++) {
      prompt[i] = 3 + Philox.below(VOCAB - 3, SEED, 97, 0, number, i);
    }
    return prompt;
  }

  private static void assertSame(List<Completion> expected, List<Completion> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i).tokens(), actual.get(i).tokens());
      assertArrayEquals(expected.get(i).logprobs(), actual.get(i).logprobs());
      assertArrayEquals(expected.get(i).readouts(), actual.get(i).readouts());
      assertEquals(expected.get(i).stopped(), actual.get(i).stopped());
    }
  }
}
