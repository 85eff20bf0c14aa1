package dev.anechoic.model.train;

import dev.anechoic.model.UserError;
import dev.anechoic.model.corpus.CorpusWriter;
import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.corpus.DocumentReader;
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
  /**
   * Reads or generates the documents, and loads or trains the tokenizer.
   *
   * @throws UserError where a file is missing or malformed, or too few documents are left to train
   *     on
   */
  public static PretrainData prepare(PretrainConfig config) {
    Path corpus = config.data().corpus();
    Tokenizer stored = storedTokenizer(config);
    return corpus == null ? generate(config, stored) : read(config, corpus, stored);
  }

  private static PretrainData generate(PretrainConfig config, @Nullable Tokenizer stored) {
    Tokenizer tokenizer =
        stored != null
            ? stored
            : CorpusTokenizer.train(
                config.corpus(), config.corpus().generated(), config.tokenizer());
    DocumentEncoder encoder = new DocumentEncoder(tokenizer);
    List<Document> documents =
        config.corpus().mixture(encoder.counter()).blocks(config.corpus().blocks()).toList();
    return of(encoder, documents, config.data().heldOut());
  }

  private static PretrainData read(PretrainConfig config, Path corpus, @Nullable Tokenizer stored) {
    Path file = Files.isDirectory(corpus) ? corpus.resolve(CorpusWriter.CORPUS) : corpus;
    List<String> formats = Formats.all().stream().map(Format::name).toList();
    List<Document> documents = DocumentReader.read(file, formats);
    Tokenizer tokenizer = stored;
    if (tokenizer == null) {
      List<String> texts =
          documents.stream().limit(CorpusTokenizer.DOCUMENTS).map(Document::text).toList();
      tokenizer = Tokenizer.train(texts, config.tokenizer());
    }
    return of(new DocumentEncoder(tokenizer), documents, config.data().heldOut());
  }

  private static @Nullable Tokenizer storedTokenizer(PretrainConfig config) {
    Path given = config.data().tokenizer();
    Path corpus = config.data().corpus();
    if (given != null) {
      return Tokenizer.load(given);
    }
    Path beside = corpus == null ? null : corpus.resolve(Tokenizer.FILE);
    return beside != null && Files.exists(beside) ? Tokenizer.load(beside) : null;
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
