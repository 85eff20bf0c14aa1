package dev.anechoic.rl.cli;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.corpus.CorpusManifest;
import dev.anechoic.model.corpus.CorpusWriter;
import dev.anechoic.model.corpus.Gsm8k;
import dev.anechoic.model.corpus.Mixture;
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
  @Parameters(
      paramLabel = "CONFIG",
      arity = "0..1",
      description = "TOML file, as in configs/; defaults where absent")
  private @Nullable Path configFile;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "folder to write")
  private Path out;

  @Option(
      names = "--data",
      paramLabel = "NAME=PATH",
      description =
          "gsm8k=PATH takes the problems from GSM8K instead of the generator;"
              + " svamp=PATH takes the held-out ones from SVAMP")
  private List<String> data = new ArrayList<>();

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
    CorpusConfig dials = config.corpus();
    DataSource source = DataSource.open(data, dials, renumbered, print::println);
    print.flush();
    Path given = config.data().tokenizer();
    Tokenizer tokenizer =
        given != null
            ? Tokenizer.load(given)
            : CorpusTokenizer.train(dials, source.problems(), config.tokenizer());
    try (AtomicFolder folder = AtomicFolder.begin(out, 0)) {
      tokenizer.save(folder.path());
      TokenCounter counter = new DocumentEncoder(tokenizer).counter();
      Mixture mixture = dials.mixture(source.problems(), counter);
      CorpusManifest manifest =
          CorpusWriter.write(folder.path(), dials, mixture, source.problems());
      Gsm8k gsm8k = source.gsm8k();
      if (gsm8k != null) {
        gsm8k.writeFallOuts(folder.path().resolve("left_out.jsonl"));
      }
      writeConfig(folder.path(), config);
      folder.commit();
      describe(manifest, tokenizer, print);
    }
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
