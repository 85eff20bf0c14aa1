package dev.anechoic.rl.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.BackendProvider;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Recording;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A device that replays passes against the same device asked for Java every time. */
class RecordedPassesTest {
  private static final int STEPS = 2;

  private record Result(List<Map<String, Double>> metrics, float[] parameters, int recorded) {}

  /**
   * A coefficient that adapts is a new number in the graph, one that does not is none. Three passes
   * over one rollout are the first, the recorded and a replayed one.
   */
  @ParameterizedTest
  @CsvSource({
    "ppo, cuda-emulated, 0.5, shared_trunk",
    "ppo, cuda-emulated-bf16, 0, own",
    "grpo, cuda-emulated, 0, detached_head",
    "grpo, cuda-emulated-sm90, 0.5, detached_head",
    "expert_iteration, cuda-emulated, 0, detached_head"
  })
  void replayedPassesGiveTheBitsOfJava(
      String algorithm, String backend, double adaptiveTarget, String critic) {
    for (BackendProvider provider : Backends.providers()) {
      if (provider.name().equals(backend)) {
        assumeTrue(provider.unavailableBecause() == null, provider.unavailableBecause());
      }
    }
    Result replayed = train(algorithm, backend, adaptiveTarget, critic, true);
    Result plain = train(algorithm, backend, adaptiveTarget, critic, false);
    assertTrue(replayed.recorded > 0);
    assertEquals(0, plain.recorded);
    assertEquals(plain.metrics, replayed.metrics);
    assertArrayEquals(plain.parameters, replayed.parameters);
  }

  @Test
  void aBackendThatDoesNotReplayRecordsNothing() {
    assertEquals(0, train("grpo", "reference", 0, "detached_head", true).recorded);
  }

  private static Result train(
      String algorithm, String backendName, double adaptiveTarget, String critic, boolean replays) {
    RlConfig config =
        Config.parse(
            RlConfig.class,
            """
            prompts_per_step = 2
            samples_per_prompt = 3
            max_new_tokens = 12
            lr = 1e-2
            epochs = 3
            entropy_coef = 0.01
            warmup_updates = 4
            """,
            "test");
    RlConfig.Kl kl =
        Config.parse(
                RlConfig.Kl.class,
                "coef = 0.1\nadaptive_target = %s\nplacement = \"loss\"".formatted(adaptiveTarget),
                "test")
            .resolved(Algorithm.PPO);
    MemoryLedger ledger = new MemoryLedger();
    try (Backend opened = Backends.open(backendName, BackendOptions.DEFAULT).backend()) {
      Backend backend = replays ? opened : withoutReplays(opened);
      try (Transformer model = MaskedCompletionsTest.model(backend, ledger);
          Transformer frozen = MaskedCompletionsTest.model(backend, ledger);
          Sampler sampler = new Sampler(model, 16, 96, ledger);
          Policy policy = new Policy(model, config, ledger);
          Reference reference = new Reference(frozen, config.temperature(), ledger)) {
        Setup setup =
            MaskedCompletionsTest.setup(config, kl, sampler, policy, reference, backend, ledger);
        return run(algorithm, critic, setup, model);
      }
    }
  }

  private static Result run(String algorithm, String critic, Setup setup, Transformer model) {
    RlConfig.PpoConfig ppo =
        Config.parse(RlConfig.PpoConfig.class, "critic = \"%s\"".formatted(critic), "test");
    RlConfig.GrpoConfig grpo = Config.defaults(RlConfig.GrpoConfig.class);
    List<Map<String, Double>> metrics = new ArrayList<>();
    int recorded = 0;
    try (Trainer trainer = trainer(algorithm, setup, ppo, grpo)) {
      for (int step = 1; step <= STEPS; step++) {
        metrics.add(new TreeMap<>(trainer.step(step).metrics()));
      }
      recorded =
          switch (trainer) {
            case Ppo p -> p.passes().count();
            case Grpo g -> g.passes().count();
            default -> ((ExpertIteration) trainer).recorded();
          };
    }
    return new Result(metrics, model.parameters().flat().toFloats(), recorded);
  }

  private static Trainer trainer(
      String algorithm, Setup setup, RlConfig.PpoConfig ppo, RlConfig.GrpoConfig grpo) {
    RlConfig.ExpertConfig expert =
        Config.parse(RlConfig.ExpertConfig.class, "sft_lr = 1e-2", "test");
    return switch (algorithm) {
      case "ppo" -> new Ppo(setup, ppo);
      case "grpo" -> new Grpo(setup, grpo);
      default -> new ExpertIteration(setup, expert);
    };
  }

  /** The same device, with nothing recorded. */
  private static Backend withoutReplays(Backend backend) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("replays")) {
                return false;
              }
              if (method.getName().equals("record")) {
                return new Recording.Plain((Runnable) arguments[0]);
              }
              try {
                return method.invoke(backend, arguments);
              } catch (InvocationTargetException e) {
                throw Objects.requireNonNull(e.getCause());
              }
            });
  }
}
