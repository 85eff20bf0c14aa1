package dev.anechoic.model.tokenizer;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.AtomicFiles;
import dev.anechoic.model.io.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Text to token ids and back, with the ids of the Hugging Face {@code tokenizers} library for the
 * same {@code tokenizer.json}: added tokens are cut out, the rest is normalized, cut into pieces,
 * and each piece is merged ({@link Bpe}).
 *
 * <p>All methods may be called by several threads at once. The file's {@code truncation} and {@code
 * padding} are kept but not applied: what fits into a context is the caller's business.
 */
public final class Tokenizer {
  /** The name of the file in a folder of a tokenizer or checkpoint. */
  public static final String FILE = "tokenizer.json";

  private static final String CONFIG_FILE = "tokenizer_config.json";

  /** Every merge goes through its pieces whole: a megabyte without a space must not be one. */
  private static final int TRAINED_BYTES = 256;

  private static final List<String> END_NAMES =
      List.of("<|endoftext|>", "</s>", "<|end_of_text|>", "<|eot_id|>");
  private static final List<String> PAD_NAMES = List.of("<|pad|>", "<|padding|>", "<pad>", "[PAD]");

  private final Json file;
  private final @Nullable Json config;
  private final Bpe bpe;
  private final @Nullable Normalizer normalizer;
  private final PreTokenizer cutter;
  private final AddedTokenMatcher rawAdded;
  private final AddedTokenMatcher normalizedAdded;
  private final TokenizerJson.Frame frame;
  private final Decoder decoder;
  private final boolean decodesBytes;
  private final Map<String, Integer> ids;
  private final @Nullable String[] tokens;
  private final byte[] @Nullable [] bytes;
  private final BitSet special = new BitSet();

  private Tokenizer(Json file, @Nullable Json config) {
    this.file = file;
    this.config = config;
    Json model = TokenizerJson.requireBpe(file);
    Map<String, Integer> vocab = TokenizerJson.vocab(model);
    List<AddedToken> added = TokenizerJson.addedTokens(file);
    PreTokenizer.Parsed cut = PreTokenizer.of(file.find("pre_tokenizer"));
    Json decoding = file.find("decoder");
    normalizer = Normalizer.of(file.find("normalizer"));
    cutter = cut.cutter();
    bpe =
        new Bpe(vocab, TokenizerJson.merges(model), TokenizerJson.options(model), cut.byteLevel());
    rawAdded = matcher(added, false, UnaryOperator.identity());
    normalizedAdded =
        matcher(added, true, normalizer == null ? UnaryOperator.identity() : normalizer::apply);
    frame = TokenizerJson.frame(file.find("post_processor"));
    decoder = decoding == null ? Decoder.spaced() : Decoder.of(decoding);
    decodesBytes = decoding != null && decoding.get("type").string().equals("ByteLevel");
    ids = allIds(vocab, added);
    tokens = new String[ids.values().stream().mapToInt(id -> id + 1).max().orElse(0)];
    ids.forEach((token, id) -> tokens[id] = token);
    added.stream().filter(AddedToken::special).forEach(token -> special.set(token.id()));
    bytes = new byte[tokens.length][];
    for (int id = 0; id < tokens.length; id++) {
      bytes[id] = tokens[id] == null ? null : bytesOf(id);
    }
  }

  private static AddedTokenMatcher matcher(
      List<AddedToken> added, boolean normalized, UnaryOperator<String> spelling) {
    return new AddedTokenMatcher(
        added.stream().filter(token -> token.normalized() == normalized).toList(), spelling);
  }

  /** Joins vocabulary and added tokens; two tokens with one id, or two ids of one, are an error. */
  private Map<String, Integer> allIds(Map<String, Integer> vocab, List<AddedToken> added) {
    Map<String, Integer> all = new HashMap<>(vocab);
    Map<Integer, String> owners = new HashMap<>();
    for (AddedToken token : added) {
      Integer other = all.putIfAbsent(token.content(), token.id());
      if (other != null && other != token.id()) {
        throw conflict(token.content(), token.id(), "id " + other);
      }
    }
    all.forEach((token, id) -> {
      String other = owners.putIfAbsent(id, token);
      if (other != null || id < 0) {
        throw conflict(token, id, other == null ? "a negative id" : "the id of '" + other + "'");
      }
    });
    return all;
  }

  private UserError conflict(String token, int id, String got) {
    return UserError.what("The tokenizer's ids contradict each other")
        .where(file.where())
        .expected("'" + token + "' alone with id " + id)
        .got(got)
        .remedy("Get an intact tokenizer.json.");
  }

  // ---------------------------------------------------------------- making, loading, saving

  /**
   * Learns a tokenizer. The ids are: the end token 0, the padding token 1, further special tokens,
   * the 256 bytes, then one id per merge. The same texts, in any order, give the same tokenizer.
   */
  public static Tokenizer train(Iterable<String> texts, TokenizerConfig config) {
    BpeTrainer.Result nothing = BpeTrainer.train(Map.of(), config.allSpecialTokens(), 0, 1);
    Tokenizer cutting = ofTraining(config, nothing);
    Map<String, long[]> counts = new HashMap<>();
    for (String text : texts) {
      cutting.countPieces(text, counts);
    }
    return ofTraining(
        config,
        BpeTrainer.train(
            spelled(counts), config.allSpecialTokens(), config.vocabSize(), config.minCount()));
  }

  /** The pieces in the {@link ByteAlphabet}, in parts of at most {@link #TRAINED_BYTES}. */
  private static Map<String, Long> spelled(Map<String, long[]> counts) {
    Map<String, Long> pieces = new LinkedHashMap<>();
    counts.forEach((piece, count) -> {
      byte[] bytes = piece.getBytes(StandardCharsets.UTF_8);
      for (int from = 0; from < bytes.length; from += TRAINED_BYTES) {
        int to = Math.min(from + TRAINED_BYTES, bytes.length);
        pieces.merge(ByteAlphabet.spell(bytes, from, to), count[0], Long::sum);
      }
    });
    return pieces;
  }

  private static Tokenizer ofTraining(TokenizerConfig config, BpeTrainer.Result learned) {
    Json file = Json.of(TokenizerJson.ofTraining(config, learned), "trained tokenizer");
    Map<String, Object> names = new LinkedHashMap<>();
    names.put("tokenizer_class", "PreTrainedTokenizerFast");
    names.put("eos_token", config.endToken());
    names.put("pad_token", config.padToken());
    names.put("clean_up_tokenization_spaces", false);
    return new Tokenizer(file, Json.of(names, "trained tokenizer"));
  }

  private void countPieces(String text, Map<String, long[]> counts) {
    forEachPart(
        text,
        (part, from, to, atStart) ->
            counts.computeIfAbsent(part.substring(from, to), _ -> new long[1])[0]++,
        _ -> {});
  }

  /**
   * Reads a tokenizer.
   *
   * @param path a {@code tokenizer.json}, or a folder that holds one; a {@code
   *     tokenizer_config.json} beside it names the end and padding tokens
   * @throws UserError where it cannot be read, contradicts itself, or has a component that this
   *     class does not know
   */
  public static Tokenizer load(Path path) {
    Path file = Files.isDirectory(path) ? path.resolve(FILE) : path;
    Path config = file.resolveSibling(CONFIG_FILE);
    return new Tokenizer(Json.read(file), Files.exists(config) ? Json.read(config) : null);
  }

  /** Writes {@code tokenizer.json} and {@code tokenizer_config.json} into a folder. */
  public void save(Path folder) {
    AtomicFiles.write(folder.resolve(FILE), toJson().getBytes(StandardCharsets.UTF_8));
    if (config != null) {
      Json.write(folder.resolve(CONFIG_FILE), config);
    }
  }

  /** The text of {@code tokenizer.json}: what was loaded, or what was learned. */
  public String toJson() {
    return Json.pretty(file) + "\n";
  }

  // ---------------------------------------------------------------- encoding

  /**
   * The ids of a text, without the special tokens that the file's post-processor would put around
   * it. A special token spelled out in the text becomes its id.
   *
   * @throws UserError where a character has no token and the tokenizer has no unknown token
   */
  public int[] encode(String text) {
    Ids out = new Ids(text.length() / 3 + 8);
    Bpe.Scratch scratch = new Bpe.Scratch();
    forEachPart(text, (part, from, to, _) -> bpe.encode(part, from, to, scratch, out), out::add);
    return out.toArray();
  }

  /** The ids of a text with those that the post-processor puts around it, such as a begin token. */
  public int[] encodeWithSpecialTokens(String text) {
    return Stream.of(
            frame.before().stream(), Arrays.stream(encode(text)).boxed(), frame.after().stream())
        .flatMap(part -> part)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Cuts a text into added tokens and pieces to merge. */
  private void forEachPart(String input, PreTokenizer.Sink pieces, IntConsumer added) {
    String text = Characters.wellFormed(input);
    rawAdded.split(
        text,
        (from, to) -> normalizedPart(text.substring(from, to), from == 0, pieces, added),
        added);
  }

  private void normalizedPart(
      String part, boolean atStart, PreTokenizer.Sink pieces, IntConsumer added) {
    String text = normalizer == null ? part : normalizer.apply(part);
    normalizedAdded.split(
        text, (from, to) -> cutter.cut(text, from, to, atStart && from == 0, pieces), added);
  }

  // ---------------------------------------------------------------- decoding

  /** The text of all ids, special tokens included. */
  public String decode(int[] ids) {
    return decode(ids, 0, ids.length);
  }

  /** The text of {@code ids[from]} to {@code ids[to - 1]}, special tokens included. */
  public String decode(int[] ids, int from, int to) {
    return decode(ids, from, to, false);
  }

  /**
   * The text of {@code ids[from]} to {@code ids[to - 1]}. Bytes that are no UTF-8, such as those of
   * a character cut in the middle, come out as U+FFFD.
   *
   * @throws UserError where an id is no token
   */
  public String decode(int[] ids, int from, int to, boolean skipSpecialTokens) {
    Objects.checkFromToIndex(from, to, ids.length);
    if (decodesBytes) {
      ByteArrayOutputStream out = new ByteArrayOutputStream(4 * (to - from));
      for (int i = from; i < to; i++) {
        byte[] bytes = tokenBytes(ids[i]);
        if (!(skipSpecialTokens && isSpecial(ids[i]))) {
          out.writeBytes(bytes);
        }
      }
      return out.toString(StandardCharsets.UTF_8);
    }
    List<String> spellings = new ArrayList<>();
    for (int i = from; i < to; i++) {
      String token = token(ids[i]);
      if (!(skipSpecialTokens && isSpecial(ids[i]))) {
        spellings.add(token);
      }
    }
    return String.join("", decoder.apply(spellings));
  }

  // ---------------------------------------------------------------- the vocabulary

  /** The largest id plus one: what a model's embedding must have rows for. */
  public int vocabSize() {
    return tokens.length;
  }

  /** How the vocabulary spells a token. */
  public String token(int id) {
    String token = id >= 0 && id < tokens.length ? tokens[id] : null;
    if (token == null) {
      throw Decoder.noSuchToken(id, tokens.length);
    }
    return token;
  }

  /** The bytes that a token adds to a text; not to be changed. */
  public byte[] tokenBytes(int id) {
    byte[] found = id >= 0 && id < bytes.length ? bytes[id] : null;
    if (found == null) {
      throw Decoder.noSuchToken(id, tokens.length);
    }
    return found;
  }

  private byte[] bytesOf(int id) {
    String token = token(id);
    if (decodesBytes) {
      return ByteAlphabet.bytesOfToken(token);
    }
    int fallback = Decoder.fallbackByte(token);
    if (fallback >= 0) {
      return new byte[] {(byte) fallback};
    }
    // what a second token adds to a first: the first may lose a space that opens the text
    int once = String.join("", decoder.apply(List.of(token))).length();
    String twice = String.join("", decoder.apply(List.of(token, token)));
    return twice.substring(once).getBytes(StandardCharsets.UTF_8);
  }

  /** Whether decoding may leave the token out. */
  public boolean isSpecial(int id) {
    return id >= 0 && special.get(id);
  }

  /**
   * The id of a token in the spelling of the vocabulary.
   *
   * @throws UserError where there is no such token
   */
  public int idOf(String token) {
    Integer id = ids.get(token);
    if (id == null) {
      throw UserError.what("The tokenizer has no token '" + token + "'")
          .where(file.where())
          .remedy("Name a token of its vocabulary, or train a tokenizer that has it.");
    }
    return id;
  }

  /** Whether there is a token of this spelling. */
  public boolean contains(String token) {
    return ids.containsKey(token);
  }

  /**
   * The id of the token that ends a document.
   *
   * @throws UserError where neither the configuration nor a customary name tells it
   */
  public int endToken() {
    return named("eos_token", END_NAMES)
        .map(this::idOf)
        .orElseThrow(() ->
            UserError.what("The tokenizer does not say which token ends a document")
                .where(file.where())
                .expected("'eos_token' in " + CONFIG_FILE + ", or one of " + END_NAMES)
                .remedy("Put a " + CONFIG_FILE + " with 'eos_token' beside tokenizer.json."));
  }

  /** The id of the token that fills up a batch: the end token where there is none of its own. */
  public int padToken() {
    return named("pad_token", PAD_NAMES).map(this::idOf).orElseGet(this::endToken);
  }

  private Optional<String> named(String key, List<String> customary) {
    Json name = config == null ? null : config.find(key);
    if (name != null) {
      return Optional.of(name.isObject() ? name.get("content").string() : name.string());
    }
    return customary.stream().filter(ids::containsKey).findFirst();
  }
}
