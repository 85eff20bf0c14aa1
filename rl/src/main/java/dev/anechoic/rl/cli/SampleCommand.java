package dev.anechoic.rl.cli;

import dev.anechoic.model.UserError;
import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.sample.SampleRequest;
import dev.anechoic.model.sample.SampleSettings;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.train.DocumentEncoder;
import dev.anechoic.model.transformer.Streams;
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

/** {@code anechoic sample}: draws completions of prompts from a checkpoint. */
@Command(
    name = "sample",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Draws completions from a checkpoint.",
      "Each prompt line has 'prompt' (a question; a blank line is put behind it) or 'ids' (tokens as"
          + " they are), and may have 'opening', text that the answer is forced to begin with.",
      "Each answer line repeats the prompt line and adds 'sample', 'completion', 'completion_ids',"
          + " 'logprobs' (of the drawn tokens) and 'stopped'."
    })
final class SampleCommand implements Runnable {
  /** Prompts whose answers are written before the next ones are read. */
  private static final int CHUNK_LINES = 1024;

  @Option(names = "--checkpoint", required = true, paramLabel = "DIR", description = "the model")
  private Path checkpoint;

  @Option(
      names = "--prompts",
      required = true,
      paramLabel = "FILE.jsonl",
      description = "one prompt a line")
  private Path prompts;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.jsonl",
      description = "one answer a line")
  private Path out;

  @Option(names = "--samples", defaultValue = "1", description = "answers per prompt (default: 1)")
  private int samples;

  @Option(
      names = "--temperature",
      defaultValue = "1",
      description = "divides the logits; 0 takes the most probable token (default: 1)")
  private double temperature;

  @Option(names = "--top-k", defaultValue = "0", description = "0 keeps all (default: 0)")
  private int topK;

  @Option(names = "--top-p", defaultValue = "1", description = "1 keeps all (default: 1)")
  private double topP;

  @Option(
      names = "--max-new-tokens",
      defaultValue = "0",
      description = "most tokens per answer; 0 for what the context allows (default: 0)")
  private int maxNewTokens;

  @Option(names = "--opening", description = "text that every answer is forced to begin with")
  private @Nullable String opening;

  @Option(names = "--seed", defaultValue = "1", description = "of the random numbers (default: 1)")
  private long seed;

  @Option(
      names = "--slots",
      defaultValue = "64",
      description = "answers that grow at once; changes speed, not results (default: 64)")
  private int slots;

  @Mixin private BackendOption backendOption;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  SampleCommand() {}

  @Override
  public void run() {
    PrintWriter print = spec.commandLine().getErr();
    requirePositive("--samples", samples);
    requirePositive("--slots", slots);
    Checkpoint stored = Checkpoint.open(checkpoint);
    Tokenizer tokenizer = stored.tokenizer();
    DocumentEncoder encoder = new DocumentEncoder(tokenizer);
    MemoryLedger ledger = new MemoryLedger();
    try (JsonLines.Reader reader = JsonLines.reader(prompts);
        Backend backend = backendOption.open(print);
        Transformer model = stored.load(backend, ledger);
        Sampler sampler = new Sampler(model, slots, model.config().contextLength(), ledger);
        JsonLines.Writer writer = JsonLines.replacing(out)) {
      SampleSettings settings = settings(encoder.endToken(), model.config().contextLength());
      long since = System.nanoTime();
      reader.requireRow("lines {\"prompt\": ...} or {\"ids\": [...]}");
      int firstSample = 0;
      while (reader.hasNext()) {
        List<Json> lines = new ArrayList<>();
        while (lines.size() < CHUNK_LINES && reader.hasNext()) {
          lines.add(reader.next());
        }
        answer(lines, firstSample, encoder, sampler, settings, writer);
        firstSample += lines.size() * samples;
      }
      writer.commit();
      double seconds = (System.nanoTime() - since) / 1e9;
      print.printf(
          "%,d answers, %,d tokens drawn, %,.0f tokens/s%n",
          firstSample, sampler.decodedTokens(), sampler.decodedTokens() / seconds);
      print.flush();
    }
  }

  private static void requirePositive(String flag, int value) {
    if (value < 1) {
      throw UserError.what("A flag has an impossible value")
          .where(flag)
          .expected("at least 1")
          .got(value)
          .remedy("Correct the flag.");
    }
  }

  private SampleSettings settings(int endToken, int contextLength) {
    try {
      int most = maxNewTokens == 0 ? contextLength : maxNewTokens;
      return new SampleSettings(temperature, topK, topP, most, endToken, seed, Streams.SAMPLE, 0);
    } catch (IllegalArgumentException e) {
      throw UserError.what("A flag has an impossible value: " + e.getMessage())
          .cause(e)
          .remedy("Correct the flag.");
    }
  }

  private void answer(
      List<Json> lines,
      int firstSample,
      DocumentEncoder encoder,
      Sampler sampler,
      SampleSettings settings,
      JsonLines.Writer writer) {
    List<SampleRequest> requests = new ArrayList<>();
    for (Json line : lines) {
      int[] prompt = prompt(line, encoder);
      int[] forced = forced(line, encoder);
      checkRoom(line, prompt.length + forced.length, sampler);
      for (int i = 0; i < samples; i++) {
        requests.add(new SampleRequest(firstSample + requests.size(), prompt, forced));
      }
    }
    List<Completion> completions = sampler.sample(requests, settings);
    for (int i = 0; i < completions.size(); i++) {
      writer.write(row(lines.get(i / samples), i % samples, completions.get(i), encoder));
    }
  }

  private static int[] prompt(Json line, DocumentEncoder encoder) {
    if (line.has("prompt") && line.get("prompt").string().isBlank()) {
      throw UserError.what("The prompt is empty")
          .where(line.get("prompt").where())
          .remedy("Give a question, or remove the line.");
    }
    return line.has("ids")
        ? TokenIds.of(line.get("ids"), encoder.tokenizer().vocabSize())
        : encoder.prompt(line.get("prompt").string());
  }

  private int[] forced(Json line, DocumentEncoder encoder) {
    Json own = line.find("opening");
    String text = own != null ? own.string() : opening;
    return text == null ? new int[0] : encoder.tokenizer().encode(text);
  }

  private static void checkRoom(Json line, int tokens, Sampler sampler) {
    if (tokens == 0 || tokens >= sampler.positions()) {
      throw UserError.what(tokens == 0 ? "The prompt is empty" : "The prompt is too long")
          .where(line.where())
          .expected("1 to " + (sampler.positions() - 1) + " tokens, opening included")
          .got(tokens + " tokens")
          .remedy("Change the line, or use a model with a larger context.");
    }
  }

  private static Map<String, @Nullable Object> row(
      Json line, int sample, Completion completion, DocumentEncoder encoder) {
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    line.entries().forEach((key, value) -> row.put(key, value.value()));
    row.put("sample", sample);
    row.put("completion", encoder.text(completion.answer()));
    row.put("completion_ids", completion.tokens());
    row.put("logprobs", completion.logprobs());
    row.put("stopped", completion.stopped());
    return row;
  }
}
