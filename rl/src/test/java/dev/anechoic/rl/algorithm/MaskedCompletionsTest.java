package dev.anechoic.rl.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.RewardFunction;
import dev.anechoic.model.format.Rewards;
import dev.anechoic.model.format.Scored;
import dev.anechoic.model.format.Verdict;
import dev.anechoic.model.format.Verification;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import dev.anechoic.model.train.CorpusTokenizer;
import dev.anechoic.model.transformer.Preset;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.MemoryLedger;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A completion that the verifier could not judge leaves no trace in loss, gradient and metrics. */
class MaskedCompletionsTest {
  private static final int SAMPLES = 4;
  private static final int JUDGED = 3;
  static final CorpusConfig CORPUS = CorpusConfig.defaults();
  static final Tokenizer TOKENIZER =
      CorpusTokenizer.train(
          CORPUS,
          CORPUS.generated(),
          Config.parse(TokenizerConfig.class, "vocab_size = 300", "test"));

  /** The metrics and the parameters after a step. */
  private record Result(Map<String, Double> metrics, float[] parameters) {}

  @ParameterizedTest
  @ValueSource(strings = {"ppo", "grpo"})
  void stepWithMaskedPromptIsTheStepWithoutIt(String algorithm) {
    Result without = step(algorithm, JUDGED, Slots.AS_THEY_ARE);
    Result with = step(algorithm, JUDGED + 1, Slots.AS_THEY_ARE);
    assertEquals((double) SAMPLES, with.metrics().remove("rollout/masked"));
    assertEquals(0.0, without.metrics().remove("rollout/masked"));
    with.metrics().remove("rollout/completions");
    without.metrics().remove("rollout/completions");
    assertEquals(without.metrics(), with.metrics());
    assertArrayEquals(without.parameters(), with.parameters());
  }

  @ParameterizedTest
  @ValueSource(strings = {"ppo", "grpo"})
  void whatAMaskedCompletionHoldsIsNeverRead(String algorithm) {
    Result as = step(algorithm, JUDGED + 1, Slots.AS_THEY_ARE);
    Result filled = step(algorithm, JUDGED + 1, Slots.FILLED_WITH_NAN);
    assertEquals(as.metrics(), filled.metrics());
    assertArrayEquals(as.parameters(), filled.parameters());
  }

  /** What the slots of masked completions hold before the update. */
  private enum Slots {
    AS_THEY_ARE,
    FILLED_WITH_NAN
  }

  private static Result step(String algorithm, int prompts, Slots filled) {
    RlConfig config =
        Config.parse(
            RlConfig.class,
            "prompts_per_step = %d\nsamples_per_prompt = %d\nmax_new_tokens = 12\nlr = 1e-2\n"
                    .formatted(prompts, SAMPLES)
                + "epochs = 2\nentropy_coef = 0.01",
            "test");
    RlConfig.Kl kl =
        Config.parse(
                RlConfig.Kl.class,
                "coef = 0.1\nadaptive_target = 0.5\nplacement = \"loss\"",
                "test")
            .resolved(Algorithm.PPO);
    MemoryLedger ledger = new MemoryLedger();
    try (Backend backend = Backends.open("reference", BackendOptions.DEFAULT).backend();
        Transformer model = model(backend, ledger);
        Transformer frozen = model(backend, ledger);
        Sampler sampler = new Sampler(model, 16, 96, ledger);
        Policy policy = new Policy(model, config, ledger);
        Reference reference = new Reference(frozen, config.temperature(), ledger)) {
      RolloutSource source = source(sampler, config, JUDGED * SAMPLES);
      GradientProbe probe =
          new GradientProbe() {
            @Override
            public void beginStep(int step, List<Trajectory> rollout) {
              if (filled == Slots.FILLED_WITH_NAN) {
                rollout.stream().filter(Trajectory::masked).forEach(MaskedCompletionsTest::spoil);
              }
            }
          };
      Setup setup =
          new Setup(
              config,
              kl,
              Interventions.NONE,
              source,
              policy,
              reference,
              probe,
              new Phases(backend),
              ledger);
      try (Trainer trainer = trainer(algorithm, setup)) {
        Map<String, Double> metrics = new TreeMap<>(trainer.step(1).metrics());
        metrics.put("the next step's coefficient", trainer.state().klController().coef());
        return new Result(metrics, model.parameters().flat().toFloats());
      }
    }
  }

  private static Trainer trainer(String algorithm, Setup setup) {
    return algorithm.equals("ppo")
        ? new Ppo(setup, Config.defaults(RlConfig.PpoConfig.class))
        : new Grpo(setup, Config.defaults(RlConfig.GrpoConfig.class));
  }

  static Transformer model(Backend backend, MemoryLedger ledger) {
    Transformer model =
        new Transformer(Preset.named("nano").config(TOKENIZER.vocabSize(), 96), backend, ledger);
    model.parameters().initialize(1);
    return model;
  }

  static List<Question> questions() {
    List<Question> questions = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      questions.add(new Question("q" + i, "How many? " + i + "\n\n", BigDecimal.ONE));
    }
    return questions;
  }

  /** Completions of the questions, of which the verifier fails behind the first {@code judged}. */
  private static RolloutSource source(Sampler sampler, RlConfig config, int judged) {
    FormatClassifier classifier = new FormatClassifier(CORPUS.formatList());
    return new RolloutSource(
        questions(),
        TOKENIZER,
        sampler,
        new Grader(classifier, new FailsBehind(judged, classifier)),
        config,
        1);
  }

  /** What an algorithm needs, with a verifier that judges every completion. */
  static Setup setup(
      RlConfig config,
      RlConfig.Kl kl,
      Sampler sampler,
      Policy policy,
      Reference reference,
      Backend backend,
      MemoryLedger ledger) {
    return new Setup(
        config,
        kl,
        source(sampler, config, 1 << 20),
        policy,
        reference,
        GradientProbe.NONE,
        new Phases(backend),
        ledger);
  }

  private static void spoil(Trajectory t) {
    Arrays.fill(t.logprobs, Float.NaN);
    Arrays.fill(t.advantages, Float.NaN);
    t.refLogprobs = t.logprobs;
    t.values = t.logprobs;
  }

  /** Random rewards, and a fault of the verifier for every later sample. */
  record FailsBehind(int judged, RewardFunction rule) implements RewardFunction {
    FailsBehind(int judged, FormatClassifier classifier) {
      this(judged, Rewards.random(classifier, 1, 0.5));
    }

    @Override
    public String name() {
      return "fails";
    }

    @Override
    public Scored score(String completion, BigDecimal gold, int step, int sample) {
      Scored scored = rule.score(completion, gold, step, sample);
      return sample < judged
          ? scored
          : new Scored(
              scored.classification(),
              new Verification(Verdict.ERROR, null, null, "a fault"),
              Float.NaN);
    }
  }
}
