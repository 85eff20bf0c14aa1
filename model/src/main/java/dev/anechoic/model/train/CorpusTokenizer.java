package dev.anechoic.model.train;

import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.corpus.Mixture;
import dev.anechoic.model.corpus.ProblemSource;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import java.util.List;

/** Trains the tokenizer of a corpus that is about to be generated. */
public final class CorpusTokenizer {
  /** Enough text for the merges of a few thousand tokens. */
  static final int DOCUMENTS = 10_000;

  private CorpusTokenizer() {}

  /**
   * Learns from the first documents of the mixture, taken in shares of documents, since nothing
   * counts tokens yet.
   *
   * @param source of the problems
   */
  public static Tokenizer train(CorpusConfig corpus, ProblemSource source, TokenizerConfig config) {
    CorpusConfig sample =
        new CorpusConfig(
            corpus.seed(),
            Mixture.Unit.DOCUMENTS,
            DOCUMENTS,
            1,
            corpus.evaluation(),
            corpus.maxSteps(),
            corpus.docstring(),
            corpus.generator(),
            corpus.formats());
    Mixture mixture = sample.mixture(source, text -> 0);
    List<String> texts = mixture.blocks(1).map(Document::text).toList();
    return Tokenizer.train(texts, config);
  }
}
