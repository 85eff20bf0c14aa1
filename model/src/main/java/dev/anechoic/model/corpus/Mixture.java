package dev.anechoic.model.corpus;

import dev.anechoic.model.UserError;
import dev.anechoic.model.problem.Draws;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A stream of documents in several formats with exact shares.
 *
 * <p>The stream is made of blocks. Every block holds each format in its exact share, counted in
 * tokens or in documents, and is shuffled within itself. So a corpus of n blocks is a prefix of
 * every larger one with the same dials, and its shares are as exact. Each block depends on the
 * dials and its number only.
 */
public final class Mixture {

  /** What the shares are shares of. */
  public enum Unit {
    TOKENS,
    DOCUMENTS
  }

  private static final int SHUFFLE_STREAM = 0x53485546; // "SHUF"
  private static final int END_TOKEN = 1;
  private static final int MOST_CANDIDATES = 20_000;
  private static final int INDEX_BITS = 24;

  private final List<Ingredient> ingredients;
  private final long seed;
  private final Unit unit;
  private final TokenCounter counter;
  private final long[] quota; // per ingredient and block, in units

  /**
   * @param ingredients formats with their dials, in the order of the metrics
   * @param seed of order and noise
   * @param unit of the shares and of the block
   * @param blockSize tokens (end tokens included) or documents of a block; where a share of it is
   *     not whole, it is rounded so that the block is full (largest remainder)
   * @param counter counts tokens
   * @throws UserError if the share of a format is less than one unit of a block
   */
  public Mixture(
      List<Ingredient> ingredients, long seed, Unit unit, long blockSize, TokenCounter counter) {
    if (ingredients.isEmpty()) {
      throw new IllegalArgumentException("mixture: needs at least one format");
    }
    this.ingredients = List.copyOf(ingredients);
    this.seed = seed;
    this.unit = unit;
    this.counter = counter;
    this.quota = quota(ingredients, blockSize);
  }

  public List<Ingredient> ingredients() {
    return ingredients;
  }

  public Unit unit() {
    return unit;
  }

  /** Units of each format in a block, in the order of the ingredients. */
  public long[] quota() {
    return quota.clone();
  }

  /** Tokens of a document, its end token included. */
  public int tokens(Document document) {
    return counter.count(document.text()) + END_TOKEN;
  }

  /** The documents of the first {@code count} blocks, made as they are read. */
  public Stream<Document> blocks(long count) {
    return LongStream.range(0, count).boxed().flatMap(b -> block(b).stream());
  }

  /** The documents of one block in their order. */
  public List<Document> block(long number) {
    List<Document> documents = new ArrayList<>();
    for (int i = 0; i < ingredients.size(); i++) {
      long first = (number * ingredients.size() + i) << INDEX_BITS;
      switch (unit) {
        case DOCUMENTS -> {
          for (long d = 0; d < quota[i]; d++) {
            documents.add(ingredients.get(i).document(seed, first + d));
          }
        }
        case TOKENS -> fill(ingredients.get(i), first, quota[i], documents);
      }
    }
    shuffle(documents, new Draws(seed, SHUFFLE_STREAM, number));
    return documents;
  }

  /** Adds documents of exactly so many tokens in total. */
  private void fill(Ingredient ingredient, long first, long tokens, List<Document> documents) {
    long left = tokens;
    long taken = 0;
    long index = first;
    int count = 0;
    // The end is left open for three documents of the usual size, so that one or two can fit it.
    while (count == 0 ? left == tokens && tokens > 0 : left > 3 * (taken / count)) {
      Document document = ingredient.document(seed, index++);
      int length = tokens(document);
      if (length > left) {
        break;
      }
      documents.add(document);
      left -= length;
      taken += length;
      count++;
    }
    if (left > 0) {
      fit(ingredient, index, left, documents);
    }
  }

  /** Adds one, two or three documents whose tokens sum to exactly what is left. */
  private void fit(Ingredient ingredient, long first, long left, List<Document> documents) {
    Map<Long, Document> byLength = new HashMap<>();
    Map<Long, List<Document>> pairs = new HashMap<>();
    for (int i = 0; i < MOST_CANDIDATES; i++) {
      Document candidate = ingredient.document(seed, first + i);
      long length = tokens(candidate);
      long missing = left - length;
      List<Document> rest =
          missing == 0
              ? List.of()
              : byLength.containsKey(missing) ? List.of(byLength.get(missing)) : pairs.get(missing);
      if (rest != null) {
        documents.add(candidate);
        documents.addAll(rest);
        return;
      }
      byLength.forEach((other, d) -> pairs.putIfAbsent(other + length, List.of(d, candidate)));
      byLength.putIfAbsent(length, candidate);
    }
    throw UserError.what("No documents fill the last tokens of a format's share of a block")
        .where(ingredient.format().name())
        .expected("documents of " + left + " tokens together")
        .remedy("Make the block larger, or count the shares in documents.");
  }

  private static void shuffle(List<Document> documents, Draws draws) {
    for (int i = documents.size() - 1; i > 0; i--) {
      int other = draws.below(i + 1);
      Document document = documents.get(i);
      documents.set(i, documents.get(other));
      documents.set(other, document);
    }
  }

  /** Whole parts of the block in proportion to the shares; the largest remainders get the rest. */
  private static long[] quota(List<Ingredient> ingredients, long blockSize) {
    double total = ingredients.stream().mapToDouble(Ingredient::share).sum();
    long[] quota = new long[ingredients.size()];
    double[] remainder = new double[quota.length];
    long left = blockSize;
    for (int i = 0; i < quota.length; i++) {
      double exact = blockSize * (ingredients.get(i).share() / total);
      // A share such as 0.3 is not exact in binary: what is whole but for that counts as whole.
      double nearest = Math.rint(exact);
      quota[i] = (long) (Math.abs(exact - nearest) < 1e-6 ? nearest : Math.floor(exact));
      remainder[i] = exact - quota[i];
      left -= quota[i];
    }
    for (; left > 0; left--) {
      int largest = 0;
      for (int i = 1; i < remainder.length; i++) {
        largest = remainder[i] > remainder[largest] ? i : largest;
      }
      quota[largest]++;
      remainder[largest]--;
    }
    for (int i = 0; i < quota.length; i++) {
      if (quota[i] == 0) {
        throw UserError.what("The share of a format is less than one unit of a block")
            .where(ingredients.get(i).format().name())
            .got("a block of " + blockSize)
            .remedy("Raise the share, make the block larger, or leave the format out.");
      }
    }
    return quota;
  }
}
