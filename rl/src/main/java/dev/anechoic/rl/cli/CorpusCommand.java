package dev.anechoic.rl.cli;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.corpus.CorpusManifest;
import dev.anechoic.model.corpus.CorpusWriter;
import dev.anechoic.model.corpus.Gsm8k;
import dev.anechoic.model.corpus.ProblemSource;
import dev.anechoic.model.corpus.TokenCounter;
import dev.anechoic.model.io.AtomicFiles;
import dev.anechoic.model.io.AtomicFolder;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.train.CorpusTokenizer;
import dev.anechoic.model.train.DocumentEncoder;
import dev.anechoic.model.train.PretrainConfig;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anechoic corpus}: writes a mixture of formats with exact shares. */
@Command(
    name = "corpus",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Writes a corpus: corpus.jsonl, evaluation.jsonl, the tokenizer that counts its tokens, and"
          + " manifest.json with counts and SHA-256.",
      "The configuration is that of 'pretrain'; its tables 'corpus' and 'tokenizer' count here."
    })
final class CorpusCommand implements Runnable {
  private static final String GSM8K = "gsm8k=";

  @Parameters(
      paramLabel = "CONFIG",
      arity = "0..1",
      description = "TOML file, as in configs/; defaults where absent")
  private @Nullable Path configFile;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "folder to write")
  private Path out;

  @Option(
      names = "--data",
      paramLabel = "gsm8k=PATH",
      description =
          "problems from GSM8K, a folder with train.jsonl and test.jsonl, instead of the"
              + " generator")
  private @Nullable String data;

  @Option(
      names = "--renumbered",
      defaultValue = "0",
      paramLabel = "SHARE",
      description = "share of GSM8K problems that get new numbers (default: 0)")
  private double renumbered;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "overrides a key of the configuration; may be given several times")
  private List<String> overrides = new ArrayList<>();

  @Spec private CommandSpec spec;

  /** The training problems of GSM8K, where they are the source. */
  private @Nullable Gsm8k train;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  CorpusCommand() {}

  @Override
  public void run() {
    PrintWriter print = spec.commandLine().getOut();
    PretrainConfig config = Config.load(PretrainConfig.class, configFile, overrides);
    if (Files.exists(out.resolve(CorpusWriter.MANIFEST))) {
      throw UserError.what("The folder holds a corpus already")
          .where(out)
          .remedy("Name another folder, or delete this one.");
    }
    @Nullable ProblemSource source = source(config.corpus(), print);
    Path given = config.data().tokenizer();
    Tokenizer tokenizer =
        given != null
            ? Tokenizer.load(given)
            : CorpusTokenizer.train(config.corpus(), source, config.tokenizer());
    try (AtomicFolder folder = AtomicFolder.begin(out, 0)) {
      tokenizer.save(folder.path());
      TokenCounter counter = new DocumentEncoder(tokenizer).counter();
      CorpusConfig dials = config.corpus();
      CorpusManifest manifest =
          source == null
              ? CorpusWriter.write(
                  folder.path(), dials, dials.mixture(counter), dials.evaluationSource())
              : CorpusWriter.write(folder.path(), dials, dials.mixture(source, counter), source);
      if (train != null) {
        train.writeFallOuts(folder.path().resolve("left_out.jsonl"));
      }
      writeConfig(folder.path(), config);
      folder.commit();
      describe(manifest, tokenizer, print);
    }
  }

  /** Problems from real data, or null for the generator. */
  private @Nullable ProblemSource source(CorpusConfig config, PrintWriter print) {
    if (data == null) {
      return null;
    }
    if (!data.startsWith(GSM8K)) {
      throw UserError.what("Unknown data source '" + data + "'")
          .where("--data")
          .expected("gsm8k=PATH")
          .remedy("Give the folder with train.jsonl and test.jsonl of GSM8K.");
    }
    Path path = Path.of(data.substring(GSM8K.length()));
    Gsm8k read = Gsm8k.train(path);
    train = read;
    Gsm8k test = Gsm8k.test(path);
    print.print(read.summary());
    print.print(test.summary());
    print.flush();
    return read.source(config.seed(), renumbered, test);
  }

  private static void writeConfig(Path folder, PretrainConfig config) {
    AtomicFiles.write(
        folder.resolve("config.toml"), Config.toToml(config).getBytes(StandardCharsets.UTF_8));
  }

  private static void describe(CorpusManifest manifest, Tokenizer tokenizer, PrintWriter print) {
    print.printf(
        "%,d documents, %,d tokens, vocabulary of %,d%n",
        manifest.documents(), manifest.tokens(), tokenizer.vocabSize());
    manifest
        .formats()
        .forEach((name, counts) ->
            print.printf(
                "  %-10s %,9d documents  %,12d tokens  %6.3f %% of tokens%n",
                name,
                counts.documents(),
                counts.tokens(),
                100.0 * counts.tokens() / manifest.tokens()));
    print.printf("  SHA-256 of corpus.jsonl %s%n", manifest.sha256().get(CorpusWriter.CORPUS));
    print.flush();
  }
}
