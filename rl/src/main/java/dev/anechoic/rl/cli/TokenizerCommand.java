package dev.anechoic.rl.cli;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.io.AtomicFiles;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code anechoic tokenizer}: work on tokenizers. */
@Command(
    name = "tokenizer",
    mixinStandardHelpOptions = true,
    description = "Trains a tokenizer.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = TokenizerCommand.Train.class)
final class TokenizerCommand implements Runnable {
  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects spec
  TokenizerCommand() {}

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command: tokenizer train");
  }

  /** {@code anechoic tokenizer train}: learns merges from a corpus. */
  @Command(
      name = "train",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = {
        "Learns a byte-level BPE tokenizer from JSON lines and writes it as tokenizer.json.",
        "Each line has 'text', or 'prompt' and 'completion', or 'question' and 'answer'."
      })
  static final class Train implements Runnable {
    @Option(
        names = "--corpus",
        required = true,
        arity = "1..*",
        paramLabel = "FILE.jsonl",
        description = "the texts to learn from")
    private List<Path> corpus;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "DIR",
        description = "where tokenizer.json, tokenizer_config.json and tokenizer.toml go")
    private Path out;

    @Option(
        names = "--vocab-size",
        paramLabel = "N",
        description = "tokens in all: special ones, 256 bytes, merges; sets vocab_size")
    private @Nullable Integer vocabSize;

    @Option(
        names = "--config",
        paramLabel = "FILE.toml",
        description = "settings; --show-config lists them")
    private @Nullable Path config;

    @Option(
        names = "--set",
        paramLabel = "KEY=VALUE",
        description = "overrides one setting, for instance single_digits=false")
    private List<String> overrides = new ArrayList<>();

    @Option(
        names = "--show-config",
        help = true,
        description = "lists the settings with their defaults, and stops")
    private boolean showConfig;

    @Spec private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli injects the options
    Train() {}

    @Override
    public void run() {
      PrintWriter print = spec.commandLine().getOut();
      if (showConfig) {
        print.print(Config.help(TokenizerConfig.class));
      } else {
        train(print);
      }
      print.flush();
    }

    private void train(PrintWriter print) {
      TokenizerConfig settings = Config.load(TokenizerConfig.class, config, allOverrides());
      List<String> texts = new ArrayList<>();
      corpus.forEach(file -> addTexts(file, texts));
      long start = System.nanoTime();
      Tokenizer tokenizer = Tokenizer.train(texts, settings);
      double seconds = (System.nanoTime() - start) * 1e-9;
      tokenizer.save(out);
      AtomicFiles.write(
          out.resolve("tokenizer.toml"), Config.toToml(settings).getBytes(StandardCharsets.UTF_8));
      report(tokenizer, settings, texts, seconds, print);
    }

    private List<String> allOverrides() {
      List<String> all = new ArrayList<>();
      if (vocabSize != null) {
        all.add("vocab_size=" + vocabSize);
      }
      all.addAll(overrides);
      return all;
    }

    private static void addTexts(Path file, List<String> texts) {
      int before = texts.size();
      try (JsonLines.Reader rows = JsonLines.reader(file)) {
        rows.forEach(row -> texts.add(text(row)));
      }
      if (texts.size() == before) {
        throw UserError.what("The corpus is empty").where(file).remedy("Give a file with texts.");
      }
    }

    private static String text(Json row) {
      if (row.has("text")) {
        return row.get("text").string();
      }
      boolean question = row.has("question");
      String first = row.get(question ? "question" : "prompt").string();
      String second = row.get(question ? "answer" : "completion").string();
      return first + Document.SEPARATOR + second;
    }

    private void report(
        Tokenizer tokenizer,
        TokenizerConfig settings,
        List<String> texts,
        double seconds,
        PrintWriter print) {
      long bytes = 0;
      long tokens = 0;
      for (String text : texts) {
        bytes += text.getBytes(StandardCharsets.UTF_8).length;
        tokens += tokenizer.encode(text).length;
      }
      print.printf("texts       %,d (%,d bytes)%n", texts.size(), bytes);
      print.printf("vocabulary  %,d tokens, learned in %.1f s%n", tokenizer.vocabSize(), seconds);
      print.printf("corpus      %,d tokens, %.2f bytes each%n", tokens, (double) bytes / tokens);
      print.printf("written     %s%n", out.resolve(Tokenizer.FILE));
      if (tokenizer.vocabSize() < settings.vocabSize()) {
        print.printf(
            "note        asked for %,d tokens; the corpus has no more pairs that occur %,d times%n",
            settings.vocabSize(), settings.minCount());
      }
    }
  }
}
