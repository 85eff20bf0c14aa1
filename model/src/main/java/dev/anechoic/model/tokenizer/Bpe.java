package dev.anechoic.model.tokenizer;

import dev.anechoic.model.UserError;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Byte-pair encoding of one piece of text: starts from single letters and merges, again and again,
 * the neighbours whose merge was learned first, the leftmost of equal ones. Source: Sennrich,
 * Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units" (arXiv 1508.07909).
 *
 * <p>Short pieces look for the best merge by a scan, long ones by a heap, so that a megabyte
 * without a space takes n log n steps. Results for short pieces are kept in a cache that threads
 * share without locks: its entries are immutable, and a lost update costs only the work done twice.
 */
final class Bpe {
  /** What a model does beyond merging; the names are those of {@code tokenizer.json}. */
  record Options(
      @Nullable String unkToken, boolean fuseUnk, boolean byteFallback, boolean ignoreMerges) {}

  /** Two tokens that make a third. */
  record Merge(String left, String right) {}

  private static final int CACHE_SLOTS = 1 << 16;
  private static final int CACHED_CHARS = 64;
  private static final int SCANNED_SYMBOLS = 48;

  private record CacheEntry(String piece, int[] ids) {}

  private final Map<String, Integer> vocab;
  private final Options options;
  private final boolean byteLevel;
  private final int unkId;
  private final int[] idOfByte;
  private final PairMap ranks;
  private final int[] merged;
  private final @Nullable CacheEntry[] cache = new CacheEntry[CACHE_SLOTS];

  /**
   * @param byteLevel whether pieces are spelled in the {@link ByteAlphabet} before the lookup
   * @throws UserError where a merge or the unknown token is not in the vocabulary
   */
  Bpe(Map<String, Integer> vocab, List<Merge> merges, Options options, boolean byteLevel) {
    this.vocab = vocab;
    this.options = options;
    this.byteLevel = byteLevel;
    this.unkId = options.unkToken() == null ? -1 : require(options.unkToken(), "unk_token");
    this.ranks = new PairMap(merges.size());
    this.merged = new int[merges.size()];
    for (int rank = 0; rank < merged.length; rank++) {
      Merge merge = merges.get(rank);
      String place = "merge " + rank;
      merged[rank] = require(merge.left() + merge.right(), place);
      ranks.put(require(merge.left(), place), require(merge.right(), place), rank);
    }
    this.idOfByte = new int[256];
    for (int b = 0; b < 256; b++) {
      String letter =
          byteLevel ? String.valueOf(ByteAlphabet.charOf(b)) : String.format("<0x%02X>", b);
      idOfByte[b] = vocab.getOrDefault(letter, -1);
    }
  }

  private int require(String token, String place) {
    Integer id = vocab.get(token);
    if (id == null) {
      throw UserError.what("The tokenizer's vocabulary lacks '" + token + "'")
          .where("model: " + place)
          .remedy(
              "Get a complete tokenizer.json: every part of a merge must be in the vocabulary.");
    }
    return id;
  }

  /** Working memory of one encoding; belongs to one thread. */
  static final class Scratch {
    private int[] symbols = new int[64];
    private int[] pairRanks = new int[64];
    private int symbolCount;

    private void add(int symbol) {
      if (symbolCount == symbols.length) {
        symbols = Arrays.copyOf(symbols, 2 * symbolCount);
      }
      symbols[symbolCount++] = symbol;
    }
  }

  /**
   * Appends the ids of a piece to {@code out}.
   *
   * @throws UserError where a character is not in the vocabulary and there is no unknown token
   */
  void encode(String text, int from, int to, Scratch scratch, Ids out) {
    if (to - from > CACHED_CHARS) {
      compute(text, from, to, scratch);
      out.addAll(scratch.symbols, scratch.symbolCount);
      return;
    }
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + text.charAt(i);
    }
    int slot = (hash * 0x9E3779B9) >>> (32 - Integer.numberOfTrailingZeros(CACHE_SLOTS));
    CacheEntry entry = cache[slot];
    if (entry == null || entry.piece.length() != to - from || !text.startsWith(entry.piece, from)) {
      compute(text, from, to, scratch);
      int[] ids = Arrays.copyOf(scratch.symbols, scratch.symbolCount);
      entry = new CacheEntry(text.substring(from, to), ids);
      cache[slot] = entry;
    }
    out.addAll(entry.ids, entry.ids.length);
  }

  /** Leaves the ids of a piece in {@code scratch.symbols}. */
  private void compute(String text, int from, int to, Scratch scratch) {
    scratch.symbolCount = 0;
    if (byteLevel) {
      byte[] bytes = text.substring(from, to).getBytes(StandardCharsets.UTF_8);
      if (options.ignoreMerges() && addWhole(ByteAlphabet.spell(bytes, 0, bytes.length), scratch)) {
        return;
      }
      addBytes(bytes, scratch);
    } else {
      if (options.ignoreMerges() && addWhole(text.substring(from, to), scratch)) {
        return;
      }
      addCharacters(text, from, to, scratch);
    }
    if (scratch.symbolCount <= SCANNED_SYMBOLS) {
      mergeByScan(scratch);
    } else {
      mergeByHeap(scratch);
    }
  }

  private boolean addWhole(String piece, Scratch scratch) {
    Integer id = vocab.get(piece);
    if (id != null) {
      scratch.add(id);
    }
    return id != null;
  }

  private void addBytes(byte[] bytes, Scratch scratch) {
    boolean afterUnknown = false;
    for (byte b : bytes) {
      int id = idOfByte[b & 0xFF];
      if (id >= 0) {
        scratch.add(id);
      } else {
        addUnknown(() -> String.format("byte 0x%02X", b), afterUnknown, scratch);
      }
      afterUnknown = id < 0;
    }
  }

  private void addCharacters(String text, int from, int to, Scratch scratch) {
    boolean afterUnknown = false;
    for (int i = from; i < to; ) {
      int length = Character.charCount(text.codePointAt(i));
      String letter = text.substring(i, i + length);
      Integer id = vocab.get(letter);
      boolean unknown = false;
      if (id != null) {
        scratch.add(id);
      } else if (!options.byteFallback() || !addAsBytes(letter, scratch)) {
        addUnknown(() -> "character '" + letter + "'", afterUnknown, scratch);
        unknown = true;
      }
      afterUnknown = unknown;
      i += length;
    }
  }

  /** Adds the byte tokens of a letter, or nothing where one of them is missing. */
  private boolean addAsBytes(String letter, Scratch scratch) {
    byte[] bytes = letter.getBytes(StandardCharsets.UTF_8);
    for (byte b : bytes) {
      if (idOfByte[b & 0xFF] < 0) {
        return false;
      }
    }
    for (byte b : bytes) {
      scratch.add(idOfByte[b & 0xFF]);
    }
    return true;
  }

  private void addUnknown(Supplier<String> what, boolean afterUnknown, Scratch scratch) {
    if (unkId < 0) {
      throw UserError.what("The tokenizer has no token for the " + what.get())
          .got("a vocabulary without it, without byte fallback and without an unknown token")
          .remedy("Remove it from the text, or use a tokenizer that knows it.");
    }
    if (!afterUnknown || !options.fuseUnk()) {
      scratch.add(unkId);
    }
  }

  /** Merges by looking at all pairs for the best one each time: the fastest for a word. */
  private void mergeByScan(Scratch scratch) {
    int[] symbols = scratch.symbols;
    int n = scratch.symbolCount;
    int[] pairRanks = scratch.pairRanks;
    for (int i = 0; i + 1 < n; i++) {
      pairRanks[i] = ranks.get(symbols[i], symbols[i + 1]);
    }
    while (n > 1) {
      int best = -1;
      int bestRank = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < n; i++) {
        int rank = pairRanks[i];
        if (rank != PairMap.ABSENT && rank < bestRank) {
          best = i;
          bestRank = rank;
        }
      }
      if (best < 0) {
        break;
      }
      symbols[best] = merged[bestRank];
      if (best + 2 < n) {
        System.arraycopy(symbols, best + 2, symbols, best + 1, n - best - 2);
        System.arraycopy(pairRanks, best + 2, pairRanks, best + 1, n - best - 3);
      }
      n--;
      if (best > 0) {
        pairRanks[best - 1] = ranks.get(symbols[best - 1], symbols[best]);
      }
      if (best + 1 < n) {
        pairRanks[best] = ranks.get(symbols[best], symbols[best + 1]);
      }
    }
    scratch.symbolCount = n;
  }

  /** Merges with a heap of candidate pairs over a linked list of symbols. */
  private void mergeByHeap(Scratch scratch) {
    int n = scratch.symbolCount;
    int[] symbols = scratch.symbols;
    int[] next = new int[n];
    int[] previous = new int[n];
    RankHeap heap = new RankHeap(n);
    for (int i = 0; i < n; i++) {
      next[i] = i + 1 < n ? i + 1 : -1;
      previous[i] = i - 1;
      pushPair(i, next[i], symbols, heap);
    }
    while (!heap.isEmpty()) {
      long candidate = heap.pop();
      int rank = RankHeap.rank(candidate);
      int left = RankHeap.position(candidate);
      int right = symbols[left] < 0 ? -1 : next[left];
      if (right < 0 || ranks.get(symbols[left], symbols[right]) != rank) {
        continue; // one of the two was merged with another neighbour meanwhile
      }
      symbols[left] = merged[rank];
      symbols[right] = -1;
      next[left] = next[right];
      if (next[right] >= 0) {
        previous[next[right]] = left;
      }
      pushPair(previous[left], left, symbols, heap);
      pushPair(left, next[left], symbols, heap);
    }
    int kept = 0;
    for (int i = 0; i >= 0; i = next[i]) {
      symbols[kept++] = symbols[i];
    }
    scratch.symbolCount = kept;
  }

  private void pushPair(int left, int right, int[] symbols, RankHeap heap) {
    if (left >= 0 && right >= 0) {
      int rank = ranks.get(symbols[left], symbols[right]);
      if (rank != PairMap.ABSENT) {
        heap.push(rank, left);
      }
    }
  }

  /** A binary heap of (rank, position) packed into longs, the smallest on top. */
  private static final class RankHeap {
    private long[] items;
    private int size;

    RankHeap(int capacity) {
      items = new long[capacity];
    }

    static int rank(long item) {
      return (int) (item >>> 32);
    }

    static int position(long item) {
      return (int) item;
    }

    boolean isEmpty() {
      return size == 0;
    }

    void push(int rank, int position) {
      if (size == items.length) {
        items = Arrays.copyOf(items, 2 * size);
      }
      long item = (long) rank << 32 | position;
      int i = size++;
      while (i > 0 && items[(i - 1) / 2] > item) {
        items[i] = items[(i - 1) / 2];
        i = (i - 1) / 2;
      }
      items[i] = item;
    }

    long pop() {
      long top = items[0];
      long item = items[--size];
      int i = 0;
      while (2 * i + 1 < size) {
        int child = 2 * i + 1;
        child += child + 1 < size && items[child + 1] < items[child] ? 1 : 0;
        if (items[child] >= item) {
          break;
        }
        items[i] = items[child];
        i = child;
      }
      items[i] = item;
      return top;
    }
  }
}
