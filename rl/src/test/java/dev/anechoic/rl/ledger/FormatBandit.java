package dev.anechoic.rl.ledger;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.format.Classification;
import dev.anechoic.model.format.Form;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Match;
import dev.anechoic.model.format.RewardFunction;
import dev.anechoic.model.format.Scored;
import dev.anechoic.model.format.Verdict;
import dev.anechoic.model.format.Verification;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.sample.Scorer;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Norm;
import dev.anechoic.model.transformer.ParameterLayout;
import dev.anechoic.model.transformer.Positions;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.algorithm.Grader;
import dev.anechoic.rl.algorithm.Grpo;
import dev.anechoic.rl.algorithm.Interventions;
import dev.anechoic.rl.algorithm.Phases;
import dev.anechoic.rl.algorithm.Policy;
import dev.anechoic.rl.algorithm.Ppo;
import dev.anechoic.rl.algorithm.Question;
import dev.anechoic.rl.algorithm.Reference;
import dev.anechoic.rl.algorithm.RlConfig;
import dev.anechoic.rl.algorithm.RolloutSource;
import dev.anechoic.rl.algorithm.Setup;
import dev.anechoic.rl.algorithm.Trainer;
import dev.anechoic.rl.runfolder.LedgerEntry;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.MemoryLedger;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A transformer that is exactly a softmax bandit over three formats, so that the real trainers and
 * the real ledger can be held against closed forms.
 *
 * <p>A format is one token: {@code a}, {@code b} or {@code c}, and a completion is that token. All
 * weights of the block are 0, so that the residual stream is the embedding, and every embedding is
 * the same pattern of +1 and −1, which the layer norm leaves as {@code ±h}. The row of the head of
 * token v is {@code z_v / (C h)} times the pattern, so its logit is {@code z_v}. The gradients of
 * the block vanish exactly, that of the embedding up to the norm's eps, and the head moves along
 * the pattern: an AdamW step on it is an AdamW step on z, scaled by C h².
 */
final class FormatBandit implements AutoCloseable {
  static final List<String> FORMATS = List.of("a", "b", "c");
  private static final int CHANNELS = 8;
  private static final double NORM_EPS = 1e-14;
  private static final double NEVER = -60; // logit of all other tokens

  private static final ProbeSampler NO_SAMPLER =
      new ProbeSampler() {
        @Override
        public List<Completion> sample(int draw) {
          throw new AssertionError("the openings separate");
        }

        @Override
        public String format(Completion completion) {
          throw new AssertionError("the openings separate");
        }
      };

  /** {@code C h²}: what a step of the head is in z. */
  static final double SCALE = CHANNELS / (1 + NORM_EPS);

  final Backend backend;
  final Transformer model;
  final Policy policy;
  final Tokenizer tokenizer;
  final int[] tokens; // of the formats
  final List<LedgerEntry> entries = new ArrayList<>();
  private final Transformer frozen;
  private final Sampler sampler;
  private final Reference reference;
  private final Scorer scorer;
  private final Ledger ledger;
  private final Trainer trainer;

  /**
   * @param z logits of a, b and c
   * @param algorithm {@code ppo} or {@code grpo}
   * @param dials TOML of {@link Dials}, on top of completions of one token
   * @param rewards reward of a completion by format and number of the sample in the rollout
   */
  FormatBandit(double[] z, String algorithm, String dials, Rule rewards) {
    Dials set = Config.parse(Dials.class, dials, "bandit.toml");
    MemoryLedger memory = new MemoryLedger();
    backend = Backends.open("reference", BackendOptions.DEFAULT).backend();
    tokenizer =
        Tokenizer.train(
            List.of("a b c q"), Config.parse(TokenizerConfig.class, "vocab_size = 258", "t.toml"));
    tokens = FORMATS.stream().mapToInt(f -> tokenizer.encode(f)[0]).toArray();
    model = bandit(z, memory);
    frozen = bandit(z, memory);
    sampler = new Sampler(model, 64, 8, memory);
    policy = new Policy(model, set.rl, memory);
    reference = new Reference(frozen, set.rl.temperature(), memory);
    FormatClassifier classifier =
        new FormatClassifier(FORMATS.stream().map(f -> (Format) new Letter(f)).toList());
    Phases phases = new Phases(backend);
    ledger =
        new Ledger(
            set.ledger,
            new LedgerSetup(
                model,
                new Openings(FORMATS, FORMATS.stream().map(tokenizer::encode).toList()),
                List.of(tokenizer.encode("q"), tokenizer.encode("qq")),
                set.rl.temperature(),
                NO_SAMPLER,
                memory),
            phases,
            entries::add);
    RolloutSource source =
        new RolloutSource(
            List.of(new Question("q", "q", BigDecimal.ONE)),
            tokenizer,
            sampler,
            new Grader(classifier, new Reward(classifier, rewards)),
            set.rl,
            1);
    Map<String, int[]> openings = new LinkedHashMap<>();
    FORMATS.forEach(f -> openings.put(f, tokenizer.encode(f)));
    scorer = new Scorer(model, memory);
    source.intervene(set.interventions, openings, scorer);
    Setup setup =
        new Setup(
            set.rl, set.kl, set.interventions, source, policy, reference, ledger, phases, memory);
    trainer = algorithm.equals("ppo") ? new Ppo(setup, set.ppo) : new Grpo(setup, set.grpo);
  }

  /** The dials of a bandit. */
  record Dials(
      RlConfig rl,
      RlConfig.Kl kl,
      RlConfig.PpoConfig ppo,
      RlConfig.GrpoConfig grpo,
      Interventions interventions,
      LedgerConfig ledger) {}

  private Transformer bandit(double[] z, MemoryLedger memory) {
    ModelConfig config =
        new ModelConfig(
            tokenizer.vocabSize(),
            8,
            CHANNELS,
            1,
            2,
            2,
            4,
            Norm.LAYER,
            NORM_EPS,
            Positions.ROTARY,
            ModelConfig.DEFAULT_ROPE_BASE,
            false);
    Transformer transformer = new Transformer(config, backend, memory);
    double[] embedding = new double[tokenizer.vocabSize() * CHANNELS];
    Arrays.setAll(embedding, i -> sign(i % CHANNELS));
    double[] head = new double[embedding.length];
    double h = 1 / Math.sqrt(1 + NORM_EPS);
    for (int v = 0; v < tokenizer.vocabSize(); v++) {
      int format = Arrays.stream(tokens).boxed().toList().indexOf(v);
      for (int c = 0; c < CHANNELS; c++) {
        double logit = format < 0 ? NEVER : z[format];
        head[v * CHANNELS + c] = logit * sign(c) / (CHANNELS * h);
      }
    }
    backend.write(transformer.parameters().get(ParameterLayout.Names.TOKENS), embedding, 0);
    backend.write(transformer.parameters().get(ParameterLayout.Names.HEAD), head, 0);
    return transformer;
  }

  private static double sign(int channel) {
    return channel % 2 == 0 ? 1 : -1;
  }

  Trainer.StepResult step(int number) {
    return trainer.step(number);
  }

  /** The logits of the formats as they stand [F]. */
  double[] z() {
    return along(model.parameters().get(ParameterLayout.Names.HEAD).toDoubles(), Math.sqrt(SCALE));
  }

  /** {@code ∂L/∂z} of the last update [F]. */
  double[] gradient() {
    double[] grad = model.parameters().get(ParameterLayout.Names.HEAD).grad().toDoubles();
    return along(grad, 1 / Math.sqrt(SCALE));
  }

  /** Each format's row along the pattern of unit length, times a factor. */
  private double[] along(double[] rows, double factor) {
    double[] result = new double[tokens.length];
    for (int f = 0; f < result.length; f++) {
      for (int c = 0; c < CHANNELS; c++) {
        result[f] += factor * rows[tokens[f] * CHANNELS + c] * sign(c) / Math.sqrt(CHANNELS);
      }
    }
    return result;
  }

  @Override
  public void close() {
    trainer.close();
    ledger.close();
    policy.close();
    reference.close();
    scorer.close();
    sampler.close();
    frozen.close();
    model.close();
    backend.close();
  }

  /** What a completion is paid. */
  interface Rule {
    float reward(int format, int sample);
  }

  private record Reward(FormatClassifier classifier, Rule rule) implements RewardFunction {
    @Override
    public String name() {
      return "bandit";
    }

    @Override
    public Scored score(String completion, BigDecimal gold, int step, int sample) {
      Classification classification = classifier.classify(completion);
      float reward = rule.reward(classification.format(), sample);
      BigDecimal answer = reward > 0 ? BigDecimal.ONE : BigDecimal.TWO;
      Verdict verdict = reward > 0 ? Verdict.CORRECT : Verdict.INCORRECT;
      return new Scored(classification, new Verification(verdict, answer, null, ""), reward);
    }
  }

  /** A format of one letter. */
  private record Letter(String name) implements Format {
    @Override
    public String opening() {
      return name;
    }

    @Override
    public String render(Problem problem) {
      return name;
    }

    @Override
    public Match match(String completion) {
      return completion.startsWith(name) ? new Match(Form.WELL_FORMED, 0) : Match.NONE;
    }

    @Override
    public Verification verify(String completion, BigDecimal gold) {
      return new Verification(Verdict.CORRECT, gold, null, "");
    }
  }
}
