package dev.anechoic.model.corpus;

import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Problem;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a corpus: {@code corpus.jsonl}, {@code evaluation.jsonl} and {@code manifest.json}, which
 * names the data to the token by counts and SHA-256.
 */
public final class CorpusWriter {

  public static final String CORPUS = "corpus.jsonl";
  public static final String EVALUATION = "evaluation.jsonl";
  public static final String MANIFEST = "manifest.json";

  private CorpusWriter() {}

  /**
   * Writes all three files into a folder that exists.
   *
   * @param config dials, which the manifest repeats
   * @param mixture documents
   * @param evaluation held-out problems
   * @throws dev.anechoic.model.UserError where the disk is full or the folder cannot be written
   */
  public static CorpusManifest write(
      Path folder, CorpusConfig config, Mixture mixture, ProblemSource evaluation) {
    Map<String, CorpusManifest.Counts> formats =
        writeCorpus(folder.resolve(CORPUS), mixture, config.blocks());
    writeEvaluation(folder.resolve(EVALUATION), evaluation, config.evaluation());
    Map<String, String> hashes = new LinkedHashMap<>();
    for (String file : List.of(CORPUS, EVALUATION)) {
      hashes.put(file, Hashing.sha256(folder.resolve(file)));
    }
    CorpusManifest manifest =
        new CorpusManifest(
            config.seed(),
            config.generator().seed(),
            config.unit().name().toLowerCase(java.util.Locale.ROOT),
            config.blockSize(),
            config.blocks(),
            config.evaluation(),
            formats,
            hashes);
    Json.write(folder.resolve(MANIFEST), manifest.toMap());
    return manifest;
  }

  private static Map<String, CorpusManifest.Counts> writeCorpus(
      Path file, Mixture mixture, long blocks) {
    Map<String, CorpusManifest.Counts> counts = new LinkedHashMap<>();
    for (Ingredient ingredient : mixture.ingredients()) {
      counts.put(ingredient.format().name(), CorpusManifest.Counts.NONE);
    }
    try (JsonLines.Writer writer = JsonLines.writer(file)) {
      for (long block = 0; block < blocks; block++) {
        for (Document document : mixture.block(block)) {
          writer.write(row(document));
          CorpusManifest.Counts added = CorpusManifest.Counts.of(document, mixture);
          counts.merge(document.format(), added, CorpusManifest.Counts::plus);
        }
      }
      writer.sync();
    }
    return counts;
  }

  private static Map<String, @Nullable Object> row(Document document) {
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    row.put("prompt", document.prompt());
    row.put("completion", document.completion());
    row.put("format", document.format());
    row.put("answer", text(document.answer()));
    row.put("id", document.id());
    row.put("family", document.family());
    row.put("steps", document.steps());
    row.put("corruption", document.corruption().name().toLowerCase(java.util.Locale.ROOT));
    return row;
  }

  private static @Nullable String text(@Nullable BigDecimal number) {
    return number == null ? null : NumberStyle.DIGITS.text(number);
  }

  private static void writeEvaluation(Path file, ProblemSource source, int count) {
    try (JsonLines.Writer writer = JsonLines.writer(file)) {
      for (int i = 0; i < count; i++) {
        Problem problem = source.evaluation(i);
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("prompt", problem.questionText());
        row.put("answer", text(problem.gold()));
        row.put("id", problem.id());
        row.put("family", problem.family());
        row.put("steps", problem.steps().size());
        writer.write(row);
      }
      writer.sync();
    }
  }
}
