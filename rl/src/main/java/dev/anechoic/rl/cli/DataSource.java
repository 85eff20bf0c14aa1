package dev.anechoic.rl.cli;

import dev.anechoic.model.UserError;
import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.corpus.FormatDials;
import dev.anechoic.model.corpus.Gsm8k;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.corpus.ProblemSource;
import dev.anechoic.model.corpus.Svamp;
import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.problem.Problem;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The problems that {@code --data} names. Without it they are the generator's; {@code gsm8k=PATH}
 * gives training and held-out problems, {@code svamp=PATH} takes the place of the held-out ones.
 *
 * @param problems what documents and questions are made from
 * @param id names the problems to the byte, for the hash of a stage
 * @param gsm8k the training problems of GSM8K, where they are the source
 */
record DataSource(ProblemSource problems, String id, @Nullable Gsm8k gsm8k) {
  private static final String GSM8K = "gsm8k=";
  private static final String SVAMP = "svamp=";

  /**
   * @param given values of {@code --data}
   * @param renumbered share of GSM8K's training problems that get new numbers
   * @param say hears what was read
   */
  static DataSource open(
      List<String> given, CorpusConfig corpus, double renumbered, Consumer<String> say) {
    DataSource source = new DataSource(new ProblemGenerator(corpus.generator()), "generated", null);
    for (String data : given) {
      if (data.startsWith(GSM8K)) {
        source = source.gsm8k(path(data), corpus, renumbered, say);
      } else if (!data.startsWith(SVAMP)) {
        throw UserError.what("Unknown data source '" + data + "'")
            .where("--data")
            .expected("gsm8k=PATH or svamp=PATH")
            .remedy("Give the folder of GSM8K's train.jsonl and test.jsonl, or of SVAMP.json.");
      }
    }
    for (String data : given) {
      if (data.startsWith(SVAMP)) {
        source = source.evaluatedOnSvamp(path(data), say);
      }
    }
    return source;
  }

  private static Path path(String data) {
    return Path.of(data.substring(data.indexOf('=') + 1));
  }

  private DataSource gsm8k(
      Path path, CorpusConfig corpus, double renumbered, Consumer<String> say) {
    Gsm8k train = Gsm8k.train(path);
    Gsm8k test = Gsm8k.test(path);
    say.accept(train.summary());
    say.accept(test.summary());
    if (corpus.maxSteps() > 0) {
      train = train.atMost(corpus.maxSteps());
      test = test.atMost(corpus.maxSteps());
      say.accept(
          "%d training and %d held-out problems have at most %d steps"
              .formatted(train.problems().size(), test.problems().size(), corpus.maxSteps()));
    }
    String name = "gsm8k %s %s %s".formatted(train.sha256(), test.sha256(), renumbered);
    return new DataSource(train.source(corpus.seed(), renumbered, test), name, train);
  }

  private DataSource evaluatedOnSvamp(Path path, Consumer<String> say) {
    List<Problem> held = Svamp.load(path);
    say.accept("svamp: " + held.size() + " problems for evaluation");
    String name = id + ", svamp " + Hashing.sha256(Svamp.file(path));
    return new DataSource(new HeldOut(problems, held), name, gsm8k);
  }

  /** Another source's training problems with held-out problems of their own. */
  private record HeldOut(ProblemSource training, List<Problem> held) implements ProblemSource {
    @Override
    public Problem training(long index) {
      return training.training(index);
    }

    @Override
    public Problem evaluation(long index) {
      return held.get((int) (index % held.size()));
    }

    @Override
    public ProblemSource withDialsOf(FormatDials dials) {
      return new HeldOut(training.withDialsOf(dials), held);
    }
  }
}
