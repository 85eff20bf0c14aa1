package dev.anechoic.rl.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.TensorException;
import dev.anechoic.tensor.spec.FailingAllocations;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps of RL that end in an error. */
class FailedStepTest {
  /** Everything a step needs; closed with the test. */
  private static final class Run implements AutoCloseable {
    final MemoryLedger ledger = new MemoryLedger();
    final Backend backend = Backends.open("cpu", BackendOptions.DEFAULT.withThreads(1)).backend();
    final Transformer model = MaskedCompletionsTest.model(backend, ledger);
    final Transformer frozen = MaskedCompletionsTest.model(backend, ledger);
    final Sampler sampler = new Sampler(model, 16, 96, ledger);
    final Policy policy;
    final Reference reference;
    final Trainer trainer;

    Run(String algorithm, String critic) {
      RlConfig config =
          Config.parse(
              RlConfig.class,
              """
              prompts_per_step = 2
              samples_per_prompt = 2
              max_new_tokens = 8
              lr = 1e-2
              """,
              "test");
      RlConfig.Kl kl =
          Config.parse(RlConfig.Kl.class, "coef = 0.1\nplacement = \"loss\"", "test")
              .resolved(Algorithm.PPO);
      policy = new Policy(model, config, ledger);
      reference = new Reference(frozen, config.temperature(), ledger);
      Setup setup =
          MaskedCompletionsTest.setup(config, kl, sampler, policy, reference, backend, ledger);
      trainer =
          switch (algorithm) {
            case "ppo" ->
                new Ppo(
                    setup,
                    Config.parse(
                        RlConfig.PpoConfig.class, "critic = \"%s\"".formatted(critic), "test"));
            case "grpo" -> new Grpo(setup, Config.defaults(RlConfig.GrpoConfig.class));
            default ->
                new ExpertIteration(
                    setup, Config.parse(RlConfig.ExpertConfig.class, "sft_lr = 1e-2", "test"));
          };
    }

    Map<String, Double> step(int number) {
      return new TreeMap<>(trainer.step(number).metrics());
    }

    @Override
    public void close() {
      trainer.close();
      reference.close();
      policy.close();
      sampler.close();
      frozen.close();
      model.close();
      backend.close();
    }
  }

  @ParameterizedTest
  @CsvSource({"ppo, shared_trunk", "ppo, own", "grpo, own", "expert_iteration, own"})
  void aStepThatRanOutOfMemoryAnywhereCanBeTakenAgain(String algorithm, String critic) {
    try (Run undisturbed = new Run(algorithm, critic);
        Run disturbed = new Run(algorithm, critic)) {
      Map<String, Double> expected = undisturbed.step(1);
      int failures =
          FailingAllocations.atEveryIndex(
              disturbed.ledger, () -> assertEquals(expected, disturbed.step(1)));
      assertTrue(failures > 100, "failed at " + failures + " points only");
      assertEquals(undisturbed.step(2), disturbed.step(2));
      assertArrayEquals(
          undisturbed.model.parameters().flat().toFloats(),
          disturbed.model.parameters().flat().toFloats());
      for (Arena.Tag tag : Arena.Tag.values()) {
        long live = undisturbed.ledger.liveBytes(tag);
        assertEquals(live, disturbed.ledger.liveBytes(tag), tag.toString());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"ppo, shared_trunk", "grpo, own", "expert_iteration, own"})
  void aRunThatHasLeftTheNumbersEnds(String algorithm, String critic) {
    try (Run run = new Run(algorithm, critic)) {
      run.step(1);
      run.backend.fill(run.model.parameters().flat(), Double.NaN);
      TensorException e = assertThrows(TensorException.class, () -> run.step(2));
      assertEquals(TensorException.Kind.NOT_FINITE, e.kind(), e.getMessage());
    }
  }
}
