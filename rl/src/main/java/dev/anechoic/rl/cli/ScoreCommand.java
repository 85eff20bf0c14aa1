package dev.anechoic.rl.cli;

import dev.anechoic.model.UserError;
import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import dev.anechoic.model.sample.Scorer;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code anechoic score}: log-probs of given tokens under a checkpoint. */
@Command(
    name = "score",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Scores token sequences under a checkpoint.",
      "Each line has 'ids' or 'text'; its answer is {\"ids\": [...], \"logprobs\": [...]}: the"
          + " log-prob of every token but the first given those before it, in nats, to the last"
          + " digit."
    })
final class ScoreCommand implements Runnable {
  /** Lines that are scored together. */
  private static final int CHUNK_LINES = 1024;

  @Option(names = "--checkpoint", required = true, paramLabel = "DIR", description = "the model")
  private Path checkpoint;

  @Option(
      names = "--in",
      required = true,
      paramLabel = "FILE.jsonl",
      description = "one sequence a line")
  private Path in;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.jsonl",
      description = "one result a line")
  private Path out;

  @Option(
      names = "--temperature",
      defaultValue = "1",
      description = "divides the logits (default: 1)")
  private double temperature;

  @Mixin private BackendOption backendOption;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  ScoreCommand() {}

  @Override
  public void run() {
    PrintWriter print = spec.commandLine().getErr();
    if (!(temperature > 0)) {
      throw UserError.what("--temperature must be greater than 0")
          .got(temperature)
          .remedy("Use 1, the temperature of training.");
    }
    Checkpoint stored = Checkpoint.open(checkpoint);
    MemoryLedger ledger = new MemoryLedger();
    try (JsonLines.Reader reader = JsonLines.reader(in);
        Backend backend = backendOption.open(print);
        Transformer model = stored.load(backend, ledger);
        Scorer scorer = new Scorer(model, ledger);
        JsonLines.Writer writer = JsonLines.replacing(out)) {
      reader.requireRow("lines {\"ids\": [...]} or {\"text\": ...}");
      Tokenizer tokenizer = null; // only needed for a line with 'text'
      while (reader.hasNext()) {
        List<int[]> sequences = new ArrayList<>();
        while (sequences.size() < CHUNK_LINES && reader.hasNext()) {
          Json line = reader.next();
          if (tokenizer == null && line.has("text")) {
            tokenizer = stored.tokenizer();
          }
          sequences.add(tokens(line, tokenizer, model));
        }
        float[][] logprobs = scorer.logprobs(sequences, temperature);
        for (int i = 0; i < logprobs.length; i++) {
          Map<String, Object> row = new LinkedHashMap<>();
          row.put("ids", sequences.get(i));
          row.put("logprobs", logprobs[i]);
          writer.write(row);
        }
      }
      writer.commit();
    }
  }

  private static int[] tokens(Json line, @Nullable Tokenizer tokenizer, Transformer model) {
    int[] ids =
        tokenizer != null && line.has("text")
            ? tokenizer.encode(line.get("text").string())
            : TokenIds.of(line.get("ids"), model.config().vocabSize());
    int most = model.config().contextLength() + 1;
    if (ids.length > most) {
      throw UserError.what("The sequence is longer than the model's context")
          .where(line.where())
          .expected("at most " + most + " tokens, of which the last is only predicted")
          .got(ids.length + " tokens")
          .remedy("Cut the line, or use a model with a larger context.");
    }
    return ids;
  }
}
