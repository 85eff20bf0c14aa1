package dev.anechoic.rl.ledger;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.sample.SampleRequest;
import dev.anechoic.model.sample.SampleSettings;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.sample.Scorer;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Norm;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.runfolder.Decision;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Log-odds, their gradients, and the readout by layer, on a small random transformer in double. */
class ReadoutTest {
  private static final List<String> FORMATS = List.of("code", "tool", "text");

  /** code parts from the others at once, tool and text after a common token. */
  private static final Openings OPENINGS =
      new Openings(FORMATS, List.of(new int[] {5}, new int[] {7, 8, 9}, new int[] {7, 2}));

  private static final List<int[]> PROMPTS =
      List.of(new int[] {1, 2, 3}, new int[] {4, 4}, new int[] {11, 3, 6, 1});

  private final MemoryLedger memory = new MemoryLedger();
  private final Backend backend = Backends.open("reference", BackendOptions.DEFAULT).backend();

  @AfterEach
  void close() {
    backend.close();
  }

  private Transformer model(Norm norm) {
    ModelConfig config = ModelConfig.of(13, 16, 12, 2, 3).withNorm(norm);
    Transformer model = new Transformer(config, backend, memory);
    model.parameters().trainable().initialize(3);
    backend.scale(model.parameters().flat(), 12, model.parameters().flat(), false);
    return model;
  }

  @Test
  void openingsPartWhereNoOtherFits() {
    assertArrayEquals(new int[] {5}, OPENINGS.decided(0));
    assertArrayEquals(new int[] {7, 8}, OPENINGS.decided(1));
    assertArrayEquals(new int[] {7, 2}, OPENINGS.decided(2));
    assertEquals(0, OPENINGS.common());
    assertTrue(OPENINGS.separate());
    Openings nested = new Openings(List.of("a", "b"), List.of(new int[] {7}, new int[] {7, 2}));
    assertFalse(nested.separate(), "the first is the beginning of the second");
    assertEquals(1, nested.common());
    assertEquals(-1, nested.decidingToken(0));
    assertEquals(2, nested.decidingToken(1));
  }

  @Test
  void logOddsAreThoseOfTheOpeningsProbability() {
    try (Transformer model = model(Norm.LAYER);
        OpeningOdds odds = new OpeningOdds(model, PROMPTS, OPENINGS, 0.8, memory);
        Scorer scorer = new Scorer(model, memory)) {
      double[] expected = new double[3];
      for (int f = 0; f < 3; f++) {
        for (int[] prompt : PROMPTS) {
          int[] opening = OPENINGS.decided(f);
          int[] all = Arrays.copyOf(prompt, prompt.length + opening.length);
          System.arraycopy(opening, 0, all, prompt.length, opening.length);
          float[] logprobs = scorer.logprobs(List.of(all), 0.8)[0];
          double sum = 0;
          for (int i = prompt.length - 1; i < logprobs.length; i++) {
            sum += logprobs[i];
          }
          double p = Math.exp(sum);
          expected[f] += Math.log(p / (1 - p)) / PROMPTS.size();
        }
      }
      assertArrayEquals(expected, odds.logOdds(), 1e-6);
    }
  }

  @Test
  void gradientOfLogOddsIsTheirSlope() {
    try (Transformer model = model(Norm.RMS);
        Arena arena = new Arena(backend, Arena.Tag.GRADIENTS, memory);
        OpeningOdds odds = new OpeningOdds(model, PROMPTS, OPENINGS, 0.8, memory)) {
      Tensor flat = model.parameters().flat();
      List<Tensor> gradients = new ArrayList<>();
      FORMATS.forEach(f -> gradients.add(arena.like(flat)));
      backend.fill(model.parameters().grad(), 7);
      double[] now = odds.withGradients(gradients);
      assertArrayEquals(odds.logOdds(), now, 1e-12);
      assertTrue(
          Arrays.stream(model.parameters().grad().toDoubles()).allMatch(g -> g == 7),
          "the model's own gradient is untouched");
      Tensor start = arena.like(flat);
      backend.copy(flat, start);
      for (int f = 0; f < 3; f++) {
        double squares = Arrays.stream(gradients.get(f).toDoubles()).map(g -> g * g).sum();
        double reach = 1e-6 / Math.sqrt(squares);
        backend.scale(gradients.get(f), reach, flat, true);
        double up = odds.logOdds()[f];
        backend.copy(start, flat);
        backend.scale(gradients.get(f), -reach, flat, true);
        double down = odds.logOdds()[f];
        backend.copy(start, flat);
        assertEquals(squares, (up - down) / (2 * reach), 1e-6 * squares);
      }
    }
  }

  /** Completions of one to three tokens; the format is the parity of the first. */
  private record Parity(Transformer model, MemoryLedger memory) implements ProbeSampler {
    @Override
    public List<Completion> sample(int draw) {
      List<SampleRequest> requests = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        requests.add(new SampleRequest(i, PROMPTS.get(i % 3)));
      }
      try (Sampler sampler = new Sampler(model, 8, 16, memory)) {
        return sampler.sample(requests, SampleSettings.of(0.8, 3, 2, 1).at(9, draw));
      }
    }

    @Override
    public String format(Completion completion) {
      return completion.tokens()[0] % 2 == 0 ? "even" : "odd";
    }
  }

  @Test
  void sampledLogOddsHaveTheirSlopeAndTheirShares() {
    try (Transformer model = model(Norm.LAYER);
        Arena arena = new Arena(backend, Arena.Tag.GRADIENTS, memory);
        SampledOdds odds =
            new SampledOdds(
                model, new Parity(model, memory), List.of("even", "odd", "never"), 0.8, memory)) {
      Tensor flat = model.parameters().flat();
      List<Tensor> gradients = List.of(arena.like(flat), arena.like(flat), arena.like(flat));
      double[] now = odds.withGradients(gradients);
      assertArrayEquals(now, odds.logOdds(), 1e-9, "same completions, same parameters");
      assertEquals(Math.log(0.5 / 24.5), now[2], 1e-12, "no sample of 24: 0.5 of 25");
      double even = 1 / (1 + Math.exp(-now[0]));
      double odd = 1 / (1 + Math.exp(-now[1]));
      assertEquals(25, 25 * (even + odd), 1e-9, "halves of two formats make the one that is added");
      Tensor start = arena.like(flat);
      backend.copy(flat, start);
      for (int f = 0; f < 2; f++) {
        double squares = Arrays.stream(gradients.get(f).toDoubles()).map(g -> g * g).sum();
        double reach = 1e-6 / Math.sqrt(squares);
        backend.scale(gradients.get(f), reach, flat, true);
        double up = odds.logOdds()[f];
        backend.copy(start, flat);
        backend.scale(gradients.get(f), -reach, flat, true);
        double down = odds.logOdds()[f];
        backend.copy(start, flat);
        assertEquals(squares, (up - down) / (2 * reach), 1e-5 * squares);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void partsOfTheReadoutAddUpToTheLead(Norm norm) {
    try (Transformer model = model(norm)) {
      Openings openings =
          new Openings(FORMATS, List.of(new int[] {5}, new int[] {7}, new int[] {2}));
      Decision decision = DecisionReadout.read("after", model, openings, PROMPTS, 1, memory);
      Decision.Layer last = decision.layers().getLast();
      double lead =
          last.logits().get("tool") - (last.logits().get("code") + last.logits().get("text")) / 2;
      double sum =
          decision.layers().stream()
              .flatMap(layer -> layer.attribution().values().stream())
              .mapToDouble(Double::doubleValue)
              .sum();
      assertEquals(lead, sum, 1e-9);
      assertEquals(List.of("embed", "layers.0", "layers.1"), names(decision));
      assertEquals(4, last.attribution().size(), "three heads and the MLP");
    }
  }

  private static List<String> names(Decision decision) {
    return decision.layers().stream().map(Decision.Layer::name).toList();
  }
}
