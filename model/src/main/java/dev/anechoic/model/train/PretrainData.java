package dev.anechoic.model.train;

import dev.anechoic.model.UserError;
import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.corpus.CorpusWriter;
import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.corpus.DocumentReader;
import dev.anechoic.model.corpus.Mixture;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.format.Formats;
import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.tokenizer.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What pretraining works on.
 *
 * @param encoder the tokenizer, and how documents become tokens
 * @param training documents to train on
 * @param heldOut documents to measure the loss on, as many of each format
 * @param sha256 hash of all training tokens in their order, which names the data
 */
public record PretrainData(
    DocumentEncoder encoder, Documents training, Documents heldOut, String sha256) {
  /** Enough text for merges of a vocabulary of a few thousand tokens. */
  private static final int TOKENIZER_DOCUMENTS = 10_000;

  /**
   * Reads or generates the documents, and loads or trains the tokenizer.
   *
   * @throws UserError where a file is missing or malformed, or too few documents are left to train on
   */
  public static PretrainData prepare(PretrainConfig config) {
    Path corpus = config.data().corpus();
    if (corpus == null) {
      DocumentEncoder encoder = new DocumentEncoder(tokenizer(config, generateSample(config)));
      List<Document> documents =
          config.corpus().mixture(encoder.counter()).blocks(config.corpus().blocks()).toList();
      return of(encoder, documents, config.data().heldOut());
    }
    Path file = Files.isDirectory(corpus) ? corpus.resolve(CorpusWriter.CORPUS) : corpus;
    List<String> formats = Formats.all().stream().map(Format::name).toList();
    List<Document> documents = DocumentReader.read(file, formats);
    DocumentEncoder encoder = new DocumentEncoder(tokenizer(config, documents));
    return of(encoder, documents, config.data().heldOut());
  }

  /** First documents of the mixture in shares of documents, since nothing counts tokens yet. */
  private static List<Document> generateSample(PretrainConfig config) {
    CorpusConfig corpus = config.corpus();
    return new CorpusConfig(
            corpus.seed(),
            Mixture.Unit.DOCUMENTS,
            TOKENIZER_DOCUMENTS,
            1,
            corpus.evaluation(),
            corpus.docstring(),
            corpus.generator(),
            corpus.formats())
        .mixture(text -> 0)
        .block(0);
  }

  private static Tokenizer tokenizer(PretrainConfig config, List<Document> documents) {
    Path given = config.data().tokenizer();
    Path beside = besideCorpus(config.data().corpus());
    if (given != null) {
      return Tokenizer.load(given);
    }
    if (beside != null) {
      return Tokenizer.load(beside);
    }
    List<String> texts =
        documents.stream().limit(TOKENIZER_DOCUMENTS).map(Document::text).toList();
    return Tokenizer.train(texts, config.tokenizer());
  }

  private static @Nullable Path besideCorpus(@Nullable Path corpus) {
    Path file = corpus == null ? null : corpus.resolve(Tokenizer.FILE);
    return file != null && Files.exists(file) ? file : null;
  }

  /** Tokenizes documents and holds the last {@code heldOut} of each format back. */
  public static PretrainData of(DocumentEncoder encoder, List<Document> documents, int heldOut) {
    boolean[] back = new boolean[documents.size()];
    Map<String, Integer> counts = new HashMap<>();
    for (int i = documents.size() - 1; i >= 0; i--) {
      back[i] = counts.merge(documents.get(i).format(), 1, Integer::sum) <= heldOut;
    }
    Documents training = new Documents();
    Documents rest = new Documents();
    for (int i = 0; i < back.length; i++) {
      Document document = documents.get(i);
      (back[i] ? rest : training)
          .add(
              encoder.prompt(document.prompt()),
              encoder.answer(document.completion()),
              document.format());
    }
    if (training.count() == 0) {
      throw UserError.what("No documents are left to train on")
          .got(documents.size() + " documents, of which " + rest.count() + " are held out")
          .remedy("Give more documents, or lower data.held_out.");
    }
    return new PretrainData(encoder, training, rest, hash(training));
  }

  private static String hash(Documents documents) {
    MessageDigest digest = Hashing.digest();
    for (int d = 0; d < documents.count(); d++) {
      int[] tokens = documents.tokens(d);
      ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (tokens.length + 1));
      bytes.asIntBuffer().put(tokens).put(documents.answerStart(d));
      digest.update(bytes);
    }
    return Hashing.hex(digest);
  }
}
