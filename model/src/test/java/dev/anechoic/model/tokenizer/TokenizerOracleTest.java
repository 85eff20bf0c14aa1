package dev.anechoic.model.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids and texts equal those of the Hugging Face library, for files of every shape it supports. */
class TokenizerOracleTest {
  private static final long SEED = 20251;

  /** The library cuts texts after 512 tokens unless it is told not to. */
  private static final Map<String, String> UNCHANGED =
      Map.of("truncation", "false", "padding", "false");

  /** Of the long texts every eighth does for the shapes other than our own. */
  private static final int STRIDE = 8;

  record Shape(String name, String json) {
    @Override
    public String toString() {
      return name;
    }
  }

  @TempDir static Path folder;
  private static final List<String> corpus = new ArrayList<>();
  private static final List<String> gsm8k = new ArrayList<>();

  @BeforeAll
  static void prepare() {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("ENGINE_CACHE_DIR", folder.resolve("native").toString());
    corpus.addAll(TextSource.HARD_CASES);
    corpus.addAll(TextSource.problems(200, SEED));
    corpus.addAll(TextSource.mixtures(2000, SEED + 1));
    gsm8k.addAll(TextSource.gsm8k());
    System.out.printf(
        "tokenizer oracle: %d texts, %d of GSM8K, seed %d%n", corpus.size(), gsm8k.size(), SEED);
  }

  static Stream<Shape> shapes() {
    List<String> texts = new ArrayList<>(TextSource.problems(300, SEED + 2));
    texts.addAll(TextSource.HARD_CASES);
    Stream<Shape> behaviors =
        Stream.of("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
            .flatMap(behavior ->
                Stream.of(true, false)
                    .map(invert ->
                        new Shape(
                            "split " + behavior + " " + invert,
                            Shapes.split(texts, behavior, invert))));
    Stream<Shape> models =
        Stream.of(
            new Shape("ours, gpt2", ours(texts, TokenizerConfig.Cut.GPT2, true, false)),
            new Shape("ours, gpt2, nfc", ours(texts, TokenizerConfig.Cut.GPT2, false, true)),
            new Shape("ours, llama3", ours(texts, TokenizerConfig.Cut.LLAMA3, true, false)),
            new Shape("olmo", Shapes.olmo(texts)),
            new Shape("prefixed", Shapes.prefixed(texts)),
            new Shape("llama3", Shapes.llama3(texts)),
            new Shape("llama2", Shapes.llama2(texts)),
            new Shape("metaspace always", Shapes.metaspace(texts, "always", true, true)),
            new Shape("metaspace first", Shapes.metaspace(texts, "first", false, false)),
            new Shape("metaspace never", Shapes.metaspace(texts, "never", true, false)),
            new Shape("flags", Shapes.flags(texts)));
    return Stream.concat(models, behaviors);
  }

  private static String ours(
      List<String> texts, TokenizerConfig.Cut cut, boolean digits, boolean nfc) {
    var config =
        new TokenizerConfig(900, 2, cut, digits, nfc, "<|endoftext|>", "<|pad|>", List.of());
    return Tokenizer.train(texts, config).toJson();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void idsAndTextsEqualTheLibrarys(Shape shape) throws IOException {
    Path file =
        Files.writeString(
            Files.createTempDirectory(folder, "t").resolve("tokenizer.json"), shape.json());
    Tokenizer ours = Tokenizer.load(file);
    SplittableRandom random = new SplittableRandom(SEED + 3);
    long tokens = 0;
    try (HuggingFaceTokenizer theirs = HuggingFaceTokenizer.newInstance(file, UNCHANGED)) {
      for (String text : textsFor(shape)) {
        int[] ids = ours.encode(text);
        tokens += ids.length;
        assertArrayEquals(
            ints(theirs.encode(text, false, false).getIds()), ids, () -> "ids of " + quote(text));
        assertArrayEquals(
            ints(theirs.encode(text, true, false).getIds()),
            ours.encodeWithSpecialTokens(text),
            () -> "ids with special tokens of " + quote(text));
        assertEquals(
            theirs.decode(longs(ids), false), ours.decode(ids), () -> "text of " + quote(text));
        assertEquals(theirs.decode(longs(ids), true), ours.decode(ids, 0, ids.length, true));
        if (ids.length > 1) { // cuts characters in the middle
          int from = random.nextInt(ids.length);
          int to = random.nextInt(from, ids.length + 1);
          assertEquals(
              theirs.decode(longs(Arrays.copyOfRange(ids, from, to)), false),
              ours.decode(ids, from, to),
              () -> "part of " + quote(text));
        }
      }
    }
    assertTrue(tokens > 10_000, "only " + tokens + " tokens compared");
  }

  /** Unicode classes differ between libraries and their versions: each character, one by one. */
  @ParameterizedTest
  @EnumSource(TokenizerConfig.Cut.class)
  void everyCharacterOfTheBasicPlaneIsCutAlike(TokenizerConfig.Cut cut) throws IOException {
    Path file = Files.createTempDirectory(folder, "t").resolve("tokenizer.json");
    Files.writeString(file, ours(TextSource.problems(50, SEED), cut, true, true));
    Tokenizer ours = Tokenizer.load(file);
    try (HuggingFaceTokenizer theirs = HuggingFaceTokenizer.newInstance(file, UNCHANGED)) {
      for (int c = 0; c < Character.MIN_SUPPLEMENTARY_CODE_POINT; c++) {
        if (!Character.isSurrogate((char) c)) {
          String text = "a%cb %c1".formatted(c, c);
          int[] expected = ints(theirs.encode(text, false, false).getIds());
          assertArrayEquals(expected, ours.encode(text), () -> "ids of " + quote(text));
        }
      }
    }
  }

  private static List<String> textsFor(Shape shape) {
    List<String> texts = new ArrayList<>(corpus);
    int stride = shape.name().startsWith("ours") ? 1 : STRIDE;
    for (int i = 0; i < gsm8k.size(); i += stride) {
      texts.add(gsm8k.get(i));
    }
    return texts;
  }

  private static String quote(String text) {
    StringBuilder out = new StringBuilder();
    text.chars()
        .forEach(
            c -> out.append(c >= ' ' && c < 0x7F ? "" + (char) c : String.format("\\u%04X", c)));
    return out.toString();
  }

  private static int[] ints(long[] longs) {
    return Arrays.stream(longs).mapToInt(Math::toIntExact).toArray();
  }

  private static long[] longs(int[] ints) {
    return Arrays.stream(ints).asLongStream().toArray();
  }
}
