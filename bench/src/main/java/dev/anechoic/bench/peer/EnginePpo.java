package dev.anechoic.bench.peer;

import dev.anechoic.bench.peer.Peer.Prepared;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.corpus.GeneratorConfig;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Formats;
import dev.anechoic.model.format.Rewards;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.algorithm.Algorithm;
import dev.anechoic.rl.algorithm.Grader;
import dev.anechoic.rl.algorithm.GradientProbe;
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
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The whole of a PPO step here, verifier included, on a model with random parameters. It draws the
 * end token by chance now and then, so a few completions in a hundred are shorter than they may be.
 */
final class EnginePpo implements Prepared {
  private static final long SEED = 1;
  private static final int TOKENIZER_TEXTS = 2000;
  private static final int SAMPLES_PER_PROMPT = 8;
  private static final int SLOTS = 256;

  private final Transformer model;
  private final Transformer frozen;
  private final Sampler sampler;
  private final Policy policy;
  private final Reference reference;
  private final Phases phases;
  private final Ppo ppo;
  private final Map<String, Double> seconds = new HashMap<>();
  private int steps;

  EnginePpo(Work.Ppo work, Backend backend) {
    ProblemGenerator generator = new ProblemGenerator(Config.defaults(GeneratorConfig.class));
    Tokenizer tokenizer = tokenizer(generator, work.vocab());
    List<Question> questions =
        questions(generator, tokenizer, work.prompt(), work.completions() / SAMPLES_PER_PROMPT);
    RlConfig config = config(work);
    MemoryLedger ledger = new MemoryLedger();
    ModelConfig shape = work.preset().config(work.vocab(), work.prompt() + work.newTokens());
    model = new Transformer(shape, backend, ledger);
    model.parameters().initialize(SEED);
    frozen = new Transformer(shape, backend, ledger);
    frozen.parameters().copyFrom(model.parameters());
    sampler = new Sampler(model, SLOTS, shape.contextLength(), ledger);
    policy = new Policy(model, config, ledger);
    reference = new Reference(frozen, config.temperature(), ledger);
    phases = new Phases(backend);
    FormatClassifier classifier = new FormatClassifier(Formats.all());
    Grader grader = new Grader(classifier, Rewards.random(classifier, SEED, 0.5));
    Setup setup =
        new Setup(
            config,
            Config.defaults(RlConfig.Kl.class).resolved(Algorithm.PPO),
            new RolloutSource(questions, tokenizer, sampler, grader, config, SEED),
            policy,
            reference,
            GradientProbe.NONE,
            phases,
            ledger);
    ppo = new Ppo(setup, Config.defaults(RlConfig.PpoConfig.class));
  }

  private static Tokenizer tokenizer(ProblemGenerator generator, int vocab) {
    List<String> texts =
        IntStream.range(0, TOKENIZER_TEXTS).mapToObj(i -> text(generator, i)).toList();
    return Tokenizer.train(
        texts, Config.load(TokenizerConfig.class, null, List.of("vocab_size=" + vocab)));
  }

  private static String text(ProblemGenerator generator, int number) {
    return generator.training(number).questionText() + Document.SEPARATOR;
  }

  /** Beginnings of problems that are so many tokens long. */
  private static List<Question> questions(
      ProblemGenerator generator, Tokenizer tokenizer, int tokens, int count) {
    List<Question> questions = new ArrayList<>();
    for (int i = 0; questions.size() < count; i++) {
      int[] ids = tokenizer.encode(text(generator, i));
      if (ids.length >= tokens) {
        String start = tokenizer.decode(ids, 0, tokens);
        if (tokenizer.encode(start).length == tokens) {
          questions.add(new Question("problem " + i, start, BigDecimal.ONE));
        }
      }
    }
    return questions;
  }

  private static RlConfig config(Work.Ppo work) {
    int tokens = work.completions() * work.newTokens();
    return Config.load(
        RlConfig.class,
        null,
        List.of(
            "prompts_per_step=" + work.completions() / SAMPLES_PER_PROMPT,
            "samples_per_prompt=" + SAMPLES_PER_PROMPT,
            "max_new_tokens=" + work.newTokens(),
            "minibatch_tokens=" + tokens / Work.Ppo.MINIBATCHES));
  }

  @Override
  public void run() {
    steps++;
    ppo.step(steps);
    phases.seconds().forEach((phase, value) -> seconds.merge(phase, value, Double::sum));
  }

  /** Seconds per step of each phase, over the steps so far. */
  @Override
  public String configuration() {
    return "seconds for "
        + seconds.entrySet().stream()
            .map(e -> String.format(Locale.ROOT, "%s %.2f", e.getKey(), e.getValue() / steps))
            .sorted()
            .collect(Collectors.joining(", "));
  }

  @Override
  public void close() {
    ppo.close();
    reference.close();
    policy.close();
    sampler.close();
    frozen.close();
    model.close();
  }
}
