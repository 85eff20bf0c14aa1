package dev.anechoic.model.corpus;

import dev.anechoic.model.corpus.Document.Corruption;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a corpus is, to the token.
 *
 * @param seed of order and noise
 * @param generatorSeed of the problems
 * @param unit of the shares, {@code tokens} or {@code documents}
 * @param blockSize in units
 * @param blocks of the corpus
 * @param evaluation number of held-out problems
 * @param formats counts per format
 * @param sha256 hash of each file, by its name
 */
public record CorpusManifest(
    long seed,
    long generatorSeed,
    String unit,
    long blockSize,
    long blocks,
    int evaluation,
    Map<String, Counts> formats,
    Map<String, String> sha256) {

  /**
   * Counts of one format.
   *
   * @param tokens end tokens included
   * @param noisy documents with label noise
   * @param misread documents with a misconception
   */
  public record Counts(long documents, long tokens, long noisy, long misread) {

    static final Counts NONE = new Counts(0, 0, 0, 0);

    static Counts of(Document document, Mixture mixture) {
      return new Counts(
          1,
          mixture.tokens(document),
          document.corruption() == Corruption.LABEL_NOISE ? 1 : 0,
          document.corruption() == Corruption.MISCONCEPTION ? 1 : 0);
    }

    Counts plus(Counts other) {
      return new Counts(
          documents + other.documents,
          tokens + other.tokens,
          noisy + other.noisy,
          misread + other.misread);
    }
  }

  public long documents() {
    return formats.values().stream().mapToLong(Counts::documents).sum();
  }

  /** All tokens of the corpus, end tokens included. */
  public long tokens() {
    return formats.values().stream().mapToLong(Counts::tokens).sum();
  }

  /** The manifest as plain values for JSON. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("seed", seed);
    map.put("generator_seed", generatorSeed);
    map.put("unit", unit);
    map.put("block_size", blockSize);
    map.put("blocks", blocks);
    map.put("documents", documents());
    map.put("tokens", tokens());
    map.put("evaluation_problems", evaluation);
    Map<String, Object> perFormat = new LinkedHashMap<>();
    formats.forEach((name, counts) -> perFormat.put(name, toMap(counts)));
    map.put("formats", perFormat);
    map.put("sha256", sha256);
    return map;
  }

  private Map<String, Object> toMap(Counts counts) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("documents", counts.documents());
    map.put("tokens", counts.tokens());
    map.put("document_share", (double) counts.documents() / documents());
    map.put("token_share", (double) counts.tokens() / tokens());
    map.put("label_noise_documents", counts.noisy());
    map.put("misconception_documents", counts.misread());
    return map;
  }
}
