package dev.anechoic.bench;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.corpus.GeneratorConfig;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.format.Formats;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Generated documents through the tokenizer: one operation is a million characters (1 MB). */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class TokenizerBenchmark {
  private static final int CHARACTERS = 1_000_000;

  /** How text is cut into pieces. */
  @Param({"gpt2", "llama3"})
  public String cut = "gpt2";

  private final List<String> texts = new ArrayList<>();
  private final List<int[]> ids = new ArrayList<>();
  private Tokenizer tokenizer;

  @SuppressWarnings("NullAway.Init") // JMH calls prepare
  public TokenizerBenchmark() {}

  /** Generates the documents, in all formats in turn, and learns a tokenizer from them. */
  @Setup
  public void prepare() {
    ProblemGenerator generator = new ProblemGenerator(Config.defaults(GeneratorConfig.class));
    List<Format> formats = Formats.all();
    int length = 0;
    while (length < CHARACTERS) {
      Problem problem = generator.training(texts.size());
      String completion = formats.get(texts.size() % formats.size()).render(problem);
      String text = problem.questionText() + Document.SEPARATOR + completion;
      texts.add(text.substring(0, Math.min(text.length(), CHARACTERS - length)));
      length += texts.getLast().length();
    }
    tokenizer =
        Tokenizer.train(texts, Config.load(TokenizerConfig.class, null, List.of("cut=" + cut)));
    texts.forEach(text -> ids.add(tokenizer.encode(text)));
  }

  /** Text to ids; the result keeps the work from being optimized away. */
  @Benchmark
  public long encode() {
    long tokens = 0;
    for (String text : texts) {
      tokens += tokenizer.encode(text).length;
    }
    return tokens;
  }

  /** Ids to text. */
  @Benchmark
  public long decode() {
    long characters = 0;
    for (int[] row : ids) {
      characters += tokenizer.decode(row).length();
    }
    return characters;
  }
}
