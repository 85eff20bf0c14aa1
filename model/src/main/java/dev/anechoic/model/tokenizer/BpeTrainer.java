package dev.anechoic.model.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Learns merges: counts neighbouring tokens over all words, makes one token of the commonest pair,
 * and so on until the vocabulary is full. Of pairs with equal counts the one with the smaller left
 * id wins, then the one with the smaller right id, so that the result depends on the counts of
 * words alone, not on their order. A pair's count is the number of positions at which it stands;
 * the runs "aaa" has two pairs of "a".
 *
 * <p>Source: Sennrich, Haddow, Birch (arXiv 1508.07909), algorithm 1. Each merge touches only the
 * words that hold the pair, and a heap with outdated entries gives the next pair.
 */
final class BpeTrainer {
  /** What was learned: all tokens by id, and the merges in the order of learning. */
  record Result(LinkedHashMap<String, Integer> vocab, List<Bpe.Merge> merges) {}

  private record Candidate(long count, long pair) {
    /** Keys of pairs order like (left, right) since ids are not negative. */
    static final Comparator<Candidate> BEST_FIRST =
        Comparator.comparingLong(Candidate::count).reversed().thenComparing(Candidate::pair);
  }

  private final LinkedHashMap<String, Integer> vocab = new LinkedHashMap<>();
  private final List<String> tokens = new ArrayList<>();
  private final List<Bpe.Merge> merges = new ArrayList<>();
  private final int[][] words;
  private final long[] wordCounts;
  private final Map<Long, Long> pairCounts = new HashMap<>();
  private final Map<Long, Ids> wordsOfPair = new HashMap<>();
  private final PriorityQueue<Candidate> queue = new PriorityQueue<>(Candidate.BEST_FIRST);

  /**
   * @param pieces how often each piece, spelled in the {@link ByteAlphabet}, stands in the corpus
   */
  private BpeTrainer(Map<String, Long> pieces, List<String> specialTokens) {
    specialTokens.forEach(this::addToken);
    byteLetters().forEach(this::addToken);
    words = new int[pieces.size()][];
    wordCounts = new long[pieces.size()];
    int word = 0;
    for (Map.Entry<String, Long> piece : pieces.entrySet()) {
      words[word] = piece.getKey().chars().map(c -> vocab.get(String.valueOf((char) c))).toArray();
      wordCounts[word] = piece.getValue();
      count(word, 1);
      word++;
    }
    pairCounts.forEach((pair, count) -> queue.add(new Candidate(count, pair)));
  }

  /** Learns merges until there are {@code vocabSize} tokens or no pair is common enough. */
  static Result train(
      Map<String, Long> pieces, List<String> specialTokens, int vocabSize, long minCount) {
    BpeTrainer trainer = new BpeTrainer(pieces, specialTokens);
    while (trainer.tokens.size() < vocabSize && trainer.learnOne(minCount)) {}
    return new Result(trainer.vocab, trainer.merges);
  }

  /** The 256 letters in the order of their characters, the order of Hugging Face's trainer. */
  private static List<String> byteLetters() {
    List<String> letters = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      letters.add(String.valueOf(ByteAlphabet.charOf(b)));
    }
    letters.sort(null);
    return letters;
  }

  private int addToken(String token) {
    Integer known = vocab.putIfAbsent(token, tokens.size());
    if (known != null) {
      return known;
    }
    tokens.add(token);
    return tokens.size() - 1;
  }

  /** Merges the best pair; false where none is left. */
  private boolean learnOne(long minCount) {
    for (Candidate best = queue.poll(); best != null; best = queue.poll()) {
      long count = pairCounts.getOrDefault(best.pair(), 0L);
      if (count < minCount) {
        continue;
      }
      if (count != best.count()) {
        queue.add(new Candidate(count, best.pair()));
        continue;
      }
      int left = (int) (best.pair() >>> 32);
      int right = (int) best.pair();
      merges.add(new Bpe.Merge(tokens.get(left), tokens.get(right)));
      merge(left, right, addToken(tokens.get(left) + tokens.get(right)));
      return true;
    }
    return false;
  }

  private void merge(int left, int right, int merged) {
    Ids holders = wordsOfPair.remove(PairMap.key(left, right));
    Set<Long> grown = new HashSet<>();
    for (int i = 0; holders != null && i < holders.size(); i++) {
      int word = holders.get(i);
      int[] after = merged(words[word], left, right, merged);
      if (after.length == words[word].length) {
        continue; // an earlier merge took the pair out of this word
      }
      count(word, -1);
      words[word] = after;
      count(word, 1);
      for (int j = 0; j + 1 < after.length; j++) {
        if (after[j] == merged || after[j + 1] == merged) {
          grown.add(PairMap.key(after[j], after[j + 1]));
        }
      }
    }
    for (long pair : grown) {
      queue.add(new Candidate(pairCounts.getOrDefault(pair, 0L), pair));
    }
  }

  private static int[] merged(int[] word, int left, int right, int merged) {
    int[] after = new int[word.length];
    int length = 0;
    for (int i = 0; i < word.length; i++) {
      boolean match = i + 1 < word.length && word[i] == left && word[i + 1] == right;
      after[length++] = match ? merged : word[i];
      i += match ? 1 : 0;
    }
    return Arrays.copyOf(after, length);
  }

  /** Adds the pairs of a word to the counts, or takes them away ({@code sign} -1). */
  private void count(int word, int sign) {
    int[] symbols = words[word];
    for (int i = 0; i + 1 < symbols.length; i++) {
      long pair = PairMap.key(symbols[i], symbols[i + 1]);
      pairCounts.merge(pair, sign * wordCounts[word], Long::sum);
      if (sign > 0) {
        Ids holders = wordsOfPair.computeIfAbsent(pair, _ -> new Ids(1));
        if (holders.size() == 0 || holders.get(holders.size() - 1) != word) {
          holders.add(word);
        }
      }
    }
  }
}
