package dev.anechoic.bench;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.GeneratorConfig;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.format.Classification;
import dev.anechoic.model.format.Form;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Formats;
import dev.anechoic.model.format.RewardFunction;
import dev.anechoic.model.format.Scored;
import dev.anechoic.model.format.Verdict;
import dev.anechoic.model.format.Verification;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Preset;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.algorithm.Algorithm;
import dev.anechoic.rl.algorithm.Grader;
import dev.anechoic.rl.algorithm.GradientProbe;
import dev.anechoic.rl.algorithm.Interventions;
import dev.anechoic.rl.algorithm.Phases;
import dev.anechoic.rl.algorithm.Policy;
import dev.anechoic.rl.algorithm.Ppo;
import dev.anechoic.rl.algorithm.Question;
import dev.anechoic.rl.algorithm.Reference;
import dev.anechoic.rl.algorithm.RlConfig;
import dev.anechoic.rl.algorithm.RolloutSource;
import dev.anechoic.rl.algorithm.Setup;
import dev.anechoic.rl.ledger.Ledger;
import dev.anechoic.rl.ledger.LedgerConfig;
import dev.anechoic.rl.ledger.LedgerSetup;
import dev.anechoic.rl.ledger.Openings;
import dev.anechoic.rl.ledger.ProbeSampler;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code anechoic bench ledger}: what the ledger costs, as a share of the whole PPO step with its
 * rollout. The model is random and its completions are graded by number, so that every format of
 * three is there in each micro-batch: the most passes that a run of three formats can ask for.
 */
@Command(
    name = "ledger",
    mixinStandardHelpOptions = true,
    description = "Measures the cost of the ledger as a share of the step.")
final class LedgerBench implements Runnable {
  private static final int DOCUMENTS = 500;
  private static final List<String> FORMATS = List.of("code", "tool", "text");

  /** The openings of these formats separate, so that nothing is sampled. */
  private static final ProbeSampler UNUSED =
      new ProbeSampler() {
        @Override
        public List<Completion> sample(int draw) {
          throw new IllegalStateException("the openings of the bench's formats separate");
        }

        @Override
        public String format(Completion completion) {
          throw new IllegalStateException("the openings of the bench's formats separate");
        }
      };

  @Mixin private ModelOptions options;

  @Option(
      names = "--prompts",
      defaultValue = "32",
      description = "prompts per step (default: ${DEFAULT-VALUE})")
  private int prompts;

  @Option(
      names = "--new-tokens",
      defaultValue = "48",
      description = "tokens per completion (default: ${DEFAULT-VALUE})")
  private int newTokens;

  @Option(
      names = "--probe-prompts",
      defaultValue = "32",
      description = "prompts on which log-odds are measured (default: ${DEFAULT-VALUE})")
  private int probePrompts;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  LedgerBench() {}

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    List<Row> rows = new ArrayList<>();
    try (Backend backend = options.open(out)) {
      Run off = new Run(backend, false);
      Rounds without = off.measure();
      Run on = new Run(backend, true);
      Rounds with = on.measure();
      for (Run run : List.of(off, on)) {
        Rounds rounds = run == on ? with : without;
        double tokens = (double) prompts * run.samples() * newTokens;
        Row row =
            new Row(
                run == on ? "ledger" : "step",
                "%s ppo, %d completions of %d tokens, ledger %s"
                    .formatted(
                        options.preset(),
                        prompts * run.samples(),
                        newTokens,
                        run == on ? "on" : "off"),
                tokens / rounds.median(),
                tokens / rounds.best(),
                "tokens/s",
                Double.NaN,
                Double.NaN,
                rounds.allocatedBytes());
        rows.add(row);
        row.print(out);
      }
      double cost = 1 - without.median() / with.median();
      out.printf(
          Locale.ROOT,
          "the ledger takes %.1f %% of the step with it: %.0f ms without, %.0f ms with%n",
          100 * cost,
          1000 * without.median(),
          1000 * with.median());
      out.flush();
      on.close();
      off.close();
    }
    Row.write(options.json, rows);
  }

  /** A trainer at work. */
  private final class Run implements AutoCloseable {
    private final RlConfig rl;
    private final Transformer model;
    private final Transformer frozen;
    private final Sampler sampler;
    private final Policy policy;
    private final Reference reference;
    private final Ppo trainer;
    private final @Nullable Ledger ledger;
    private int step;

    Run(Backend backend, boolean watched) {
      MemoryLedger memory = new MemoryLedger();
      List<Format> formats = Formats.named(FORMATS, false);
      ProblemGenerator problems =
          new ProblemGenerator(Config.parse(GeneratorConfig.class, "", "defaults"));
      Tokenizer tokenizer = tokenizer(problems, formats);
      rl =
          Config.parse(
              RlConfig.class,
              "prompts_per_step = %d\nmax_new_tokens = %d\nsteps = 1000000\n"
                  .formatted(prompts, newTokens),
              "bench");
      ModelConfig shape =
          Preset.named(options.preset()).config(tokenizer.vocabSize(), 96 + newTokens);
      model = new Transformer(shape, backend, memory);
      model.parameters().initialize(ModelOptions.SEED);
      frozen = new Transformer(shape, backend, memory);
      frozen.parameters().copyFrom(model.parameters());
      sampler = new Sampler(model, 256, shape.contextLength(), memory);
      policy = new Policy(model, rl, memory);
      reference = new Reference(frozen, rl.temperature(), memory);
      List<Question> questions =
          IntStream.range(0, 512).mapToObj(i -> question(problems.training(i))).toList();
      Phases phases = new Phases(backend);
      ledger =
          !watched
              ? null
              : new Ledger(
                  Config.parse(LedgerConfig.class, "enabled = true", "bench"),
                  new LedgerSetup(
                      model,
                      new Openings(
                          FORMATS,
                          formats.stream()
                              .map(f -> tokenizer.encode(f.opening().stripTrailing()))
                              .toList()),
                      questions.stream()
                          .limit(probePrompts)
                          .map(q -> tokenizer.encode(q.prompt()))
                          .toList(),
                      rl.temperature(),
                      UNUSED,
                      memory),
                  phases,
                  entry -> {});
      RolloutSource source =
          new RolloutSource(
              questions,
              tokenizer,
              sampler,
              new Grader(new FormatClassifier(formats), byNumber()),
              rl,
              1);
      trainer =
          new Ppo(
              new Setup(
                  rl,
                  Config.parse(RlConfig.Kl.class, "", "defaults").resolved(Algorithm.PPO),
                  Interventions.NONE,
                  source,
                  policy,
                  reference,
                  ledger == null ? GradientProbe.NONE : ledger,
                  phases,
                  memory),
              Config.parse(RlConfig.PpoConfig.class, "", "defaults"));
    }

    int samples() {
      return rl.samplesPerPrompt();
    }

    Rounds measure() {
      return Rounds.measure(() -> trainer.step(++step), options.warmupSeconds, options.seconds);
    }

    @Override
    public void close() {
      trainer.close();
      if (ledger != null) {
        ledger.close();
      }
      policy.close();
      reference.close();
      sampler.close();
      frozen.close();
      model.close();
    }
  }

  private static Tokenizer tokenizer(ProblemGenerator problems, List<Format> formats) {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < DOCUMENTS; i++) {
      Problem problem = problems.training(i);
      texts.add(problem.questionText() + "\n\n" + formats.get(i % 3).render(problem));
    }
    return Tokenizer.train(texts, Config.parse(TokenizerConfig.class, "", "defaults"));
  }

  private static Question question(Problem problem) {
    return new Question(problem.id(), problem.questionText() + "\n\n", problem.gold());
  }

  /** Formats and rewards by number: what a random model writes is of no format. */
  private static RewardFunction byNumber() {
    return new RewardFunction() {
      @Override
      public String name() {
        return "by number";
      }

      @Override
      public Scored score(String completion, BigDecimal gold, int step, int sample) {
        return new Scored(
            new Classification(sample % 3, Form.WELL_FORMED),
            new Verification(Verdict.CORRECT, gold, null, ""),
            sample % 2);
      }
    };
  }
}
