package dev.anechoic.bench;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Rewards;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import dev.anechoic.model.train.CorpusTokenizer;
import dev.anechoic.model.train.PeakRate;
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
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code anechoic bench rl}: whole PPO steps, by phase. The questions are the generator's, the
 * model is untrained and its learning rate 0, so that nearly every completion has its full length
 * and each step does the same work; its answers are noise, which the verifiers refuse quickly.
 */
@Command(
    name = "rl",
    mixinStandardHelpOptions = true,
    description = "Measures the hot loop of PPO by phase: time, operations, share of peak.")
final class RlBench implements Runnable {
  private static final int MIN_STEPS = 3;
  private static final int QUESTIONS = 1024;
  private static final int CONTEXT = 160;

  @Mixin private ModelOptions options;

  @Option(
      names = "--prompts",
      defaultValue = "64",
      description = "prompts per step (default: ${DEFAULT-VALUE})")
  private int prompts;

  @Option(
      names = "--samples",
      defaultValue = "8",
      description = "completions per prompt (default: ${DEFAULT-VALUE})")
  private int samples;

  @Option(
      names = {"--new-tokens", "--context"},
      defaultValue = "64",
      description = "longest completion, tokens (default: ${DEFAULT-VALUE})")
  private int newTokens;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  RlBench() {}

  /** What a step took: seconds and operations by phase, bytes on the Java heap. */
  private record Step(Map<String, Double> seconds, Map<String, Double> flops, long bytes) {
    double total() {
      return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
    }
  }

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    CorpusConfig corpus = CorpusConfig.defaults();
    Tokenizer tokenizer =
        CorpusTokenizer.train(
            corpus,
            corpus.generated(),
            Config.parse(
                TokenizerConfig.class, "vocab_size = " + options.vocab(), "tokenizer of bench"));
    ModelConfig config = Preset.named(options.preset()).config(tokenizer.vocabSize(), CONTEXT);
    RlConfig rl = rlConfig();
    RlConfig.Kl kl =
        Config.parse(RlConfig.Kl.class, "coef = 1e-3", "kl of bench").resolved(Algorithm.PPO);
    FormatClassifier classifier = new FormatClassifier(corpus.formatList());
    MemoryLedger ledger = new MemoryLedger();
    try (Backend backend = options.open(out);
        Transformer model = new Transformer(config, backend, ledger);
        Transformer frozen = new Transformer(config, backend, ledger)) {
      model.parameters().initialize(ModelOptions.SEED);
      frozen.parameters().copyFrom(model.parameters());
      try (Sampler sampler = new Sampler(model, Math.min(256, prompts * samples), CONTEXT, ledger);
          Policy policy = new Policy(model, rl, ledger);
          Reference reference = new Reference(frozen, rl.temperature(), ledger)) {
        RolloutSource source =
            new RolloutSource(
                questions(corpus),
                tokenizer,
                sampler,
                new Grader(classifier, Rewards.verified(classifier)),
                rl,
                ModelOptions.SEED);
        Phases phases = new Phases(backend);
        Setup setup =
            new Setup(
                rl,
                kl,
                Interventions.NONE,
                source,
                policy,
                reference,
                GradientProbe.NONE,
                phases,
                ledger);
        try (Ppo ppo = new Ppo(setup, Config.defaults(RlConfig.PpoConfig.class))) {
          List<Step> steps = measure(ppo, phases);
          print(out, steps, PeakRate.measure(backend), backend.threads());
        }
      }
    }
  }

  private RlConfig rlConfig() {
    String toml =
        """
        prompts_per_step = %d
        samples_per_prompt = %d
        max_new_tokens = %d
        lr = 0.0
        """
            .formatted(prompts, samples, newTokens);
    return Config.parse(RlConfig.class, toml, "rl of bench");
  }

  private static List<Question> questions(CorpusConfig corpus) {
    ProblemGenerator generator = new ProblemGenerator(corpus.generator());
    List<Question> questions = new ArrayList<>();
    for (int i = 0; i < QUESTIONS; i++) {
      Problem problem = generator.training(i);
      questions.add(
          new Question(problem.id(), problem.questionText() + Document.SEPARATOR, problem.gold()));
    }
    return questions;
  }

  /** The steps after the warm-up. */
  private List<Step> measure(Ppo ppo, Phases phases) {
    List<Step> steps = new ArrayList<>();
    long start = System.nanoTime();
    long warm = start + (long) (options.warmupSeconds * 1e9);
    long end = warm + (long) (options.seconds * 1e9);
    int number = 0;
    while (steps.size() < MIN_STEPS || System.nanoTime() < end) {
      long bytes = Rounds.heapBytes();
      ppo.step(++number);
      if (System.nanoTime() >= warm && number > 1) {
        steps.add(
            new Step(
                new LinkedHashMap<>(phases.seconds()),
                new LinkedHashMap<>(phases.flops()),
                Rounds.heapBytes() - bytes));
      }
    }
    return steps;
  }

  private void print(PrintWriter out, List<Step> steps, double peak, int threads) {
    String shape =
        "%s %d x %d completions, new %d, threads %d"
            .formatted(options.preset(), prompts, samples, newTokens, threads);
    List<Row> rows = new ArrayList<>();
    double[] totals = steps.stream().mapToDouble(Step::total).sorted().toArray();
    double flops = steps.stream().mapToDouble(s -> sum(s.flops())).average().orElseThrow();
    long bytes = (long) steps.stream().mapToLong(Step::bytes).average().orElseThrow();
    rows.add(row("rl", shape, totals, flops, peak, bytes));
    for (String phase : steps.getFirst().seconds().keySet()) {
      double[] times =
          steps.stream().mapToDouble(s -> s.seconds().getOrDefault(phase, 0.0)).sorted().toArray();
      double work =
          steps.stream()
              .mapToDouble(s -> s.flops().getOrDefault(phase, Double.NaN))
              .average()
              .orElseThrow();
      String share = "%.1f %% of the step".formatted(100 * median(times) / median(totals));
      rows.add(row("rl/" + phase, share, times, work, peak, -1));
    }
    rows.forEach(row -> row.print(out));
    Row.write(options.json, rows);
  }

  /** Times in seconds, sorted. */
  private static Row row(
      String name, String shape, double[] times, double flops, double peak, long bytes) {
    double median = median(times);
    return new Row(
        name, shape, 1e3 * median, 1e3 * times[0], "ms/step", flops, flops / median / peak, bytes);
  }

  private static double median(double[] sorted) {
    return sorted[sorted.length / 2];
  }

  private static double sum(Map<String, Double> values) {
    return values.values().stream().mapToDouble(Double::doubleValue).sum();
  }
}
