package dev.anechoic.model.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
  private static final int FIRST_MERGE = 2 + 256;
  private static final List<String> TEXTS = TextSource.problems(200, 5);

  @TempDir Path folder;

  @Test
  void mergesAreLearnedByCountThenByPair() {
    // pieces: "abab" 2, " abab" 1, "xy" 2, " xy" 1
    List<String> texts = List.of("abab abab xy", "xy", "xy", "abab");
    Tokenizer tokenizer = Tokenizer.train(texts, config(FIRST_MERGE + 10, 1));
    // ab 6; then xy 3 and (ab)(ab) 3, of which x has the smaller id; then, once each, a space and
    // xy,
    // a space and abab, of which xy has the smaller id
    List<String> learned = new ArrayList<>();
    for (int id = FIRST_MERGE; id < tokenizer.vocabSize(); id++) {
      learned.add(tokenizer.token(id));
    }
    assertEquals(List.of("ab", "xy", "abab", "Ġxy", "Ġabab"), learned);
    int[] ids = {FIRST_MERGE + 2, FIRST_MERGE + 4, FIRST_MERGE + 3, tokenizer.idOf("x")};
    assertArrayEquals(ids, tokenizer.encode("abab abab xyx"));
  }

  @Test
  void rarePairsStayApart() {
    Tokenizer tokenizer = Tokenizer.train(List.of("ab ab cd"), config(300, 2));
    assertTrue(tokenizer.contains("ab"));
    assertEquals(FIRST_MERGE + 1, tokenizer.vocabSize());
  }

  @Test
  void specialTokensComeFirst() {
    var config =
        new TokenizerConfig(
            270, 2, TokenizerConfig.Cut.GPT2, true, false, "<e>", "<p>", List.of("<x>"));
    Tokenizer tokenizer = Tokenizer.train(TEXTS, config);
    assertEquals(270, tokenizer.vocabSize());
    assertEquals(0, tokenizer.endToken());
    assertEquals(1, tokenizer.padToken());
    assertEquals(2, tokenizer.idOf("<x>"));
    assertTrue(tokenizer.isSpecial(2));
    assertFalse(tokenizer.isSpecial(3));
    int[] ids = tokenizer.encode("<x><e>");
    assertArrayEquals(new int[] {2, 0}, ids);
    assertEquals("<x><e>", tokenizer.decode(ids));
    assertEquals("", tokenizer.decode(ids, 0, 2, true));
  }

  @Test
  void orderOfTextsDoesNotMatter() {
    List<String> shuffled = new ArrayList<>(TEXTS);
    Collections.shuffle(shuffled, new Random(3));
    assertEquals(
        Tokenizer.train(TEXTS, config(500, 2)).toJson(),
        Tokenizer.train(shuffled, config(500, 2)).toJson());
  }

  @Test
  void everyDigitIsTheSameTokenEverywhere() {
    Tokenizer tokenizer = Tokenizer.train(TEXTS, config(600, 2));
    int five = tokenizer.idOf("5");
    for (String text : List.of("5", " 5", "x5", "1555", "5.5", "5½५5")) {
      long fives = text.chars().filter(c -> c == '5').count();
      assertEquals(
          fives, Arrays.stream(tokenizer.encode(text)).filter(id -> id == five).count(), text);
    }
  }

  @Test
  void decodingGivesTheTextBack() {
    for (TokenizerConfig.Cut cut : TokenizerConfig.Cut.values()) {
      Tokenizer tokenizer =
          Tokenizer.train(
              TEXTS, new TokenizerConfig(500, 2, cut, true, false, "<e>", "<p>", List.of()));
      List<String> texts = new ArrayList<>(TextSource.HARD_CASES);
      texts.addAll(TextSource.mixtures(500, 9));
      for (String text : texts) {
        int[] ids = tokenizer.encode(text);
        assertEquals(text, tokenizer.decode(ids));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Arrays.stream(ids).forEach(id -> bytes.writeBytes(tokenizer.tokenBytes(id)));
        assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), bytes.toByteArray());
      }
    }
  }

  @Test
  void loneSurrogatesBecomeReplacementCharacters() {
    Tokenizer tokenizer = Tokenizer.train(List.of(), config(300, 2));
    assertEquals("a\uFFFDb😀\uFFFD", tokenizer.decode(tokenizer.encode("a\uDE00b😀\uD83D")));
  }

  @Test
  void savedTokenizerLoadsEqual() throws IOException {
    Tokenizer tokenizer = Tokenizer.train(TEXTS, config(500, 2));
    tokenizer.save(folder.resolve("new/folder"));
    Tokenizer loaded = Tokenizer.load(folder.resolve("new/folder"));
    assertEquals(tokenizer.toJson(), loaded.toJson());
    assertEquals(tokenizer.endToken(), loaded.endToken());
    loaded.save(folder.resolve("again"));
    for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
      assertEquals(
          Files.readString(folder.resolve("new/folder").resolve(file)),
          Files.readString(folder.resolve("again").resolve(file)));
    }
  }

  @Test
  void mergesAreReadInBothForms() throws IOException {
    Tokenizer strings = Tokenizer.train(TEXTS, config(500, 2));
    Tokenizer pairs = load(Shapes.withMergesAsPairs(strings.toJson()));
    TEXTS.forEach(text -> assertArrayEquals(strings.encode(text), pairs.encode(text)));
  }

  @Test
  void scanAndHeapMergeAlike() {
    Tokenizer tokenizer = Tokenizer.train(TEXTS, config(900, 2));
    // "=" and letters in one piece each way: runs longer than the scan is used for are cut nowhere
    String word = "applesbooksmarblesresultstart";
    for (int length = 1; length < 140; length++) {
      String text = word.repeat(5).substring(0, length);
      assertArrayEquals(naive(tokenizer, text), tokenizer.encode(text), text);
    }
  }

  /** Merges by the definition: the earliest learned merge anywhere, the leftmost of equal ones. */
  private static int[] naive(Tokenizer tokenizer, String letters) {
    List<String> symbols = new ArrayList<>(letters.chars().mapToObj(Character::toString).toList());
    while (true) {
      int best = -1;
      int bestId = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < symbols.size(); i++) {
        String joined = symbols.get(i) + symbols.get(i + 1);
        if (tokenizer.contains(joined) && tokenizer.idOf(joined) < bestId) {
          best = i;
          bestId = tokenizer.idOf(joined);
        }
      }
      if (best < 0) {
        return symbols.stream().mapToInt(tokenizer::idOf).toArray();
      }
      symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
    }
  }

  @Test
  void longRunsTakeLinearithmicTime() {
    Tokenizer tokenizer = Tokenizer.train(List.of("aaaaaaaaaaaaaaaa".repeat(9)), config(290, 1));
    for (String unit : List.of("a", " ", "\n", "ab", "1", "=", " \n", "é", "'s", "😀")) {
      String text = unit.repeat(300_000 / unit.length());
      int[] ids =
          assertTimeoutPreemptively(Duration.ofSeconds(20), () -> tokenizer.encode(text), unit);
      assertEquals(text, tokenizer.decode(ids));
    }
  }

  @Test
  void longRunsDoNotStallTraining() {
    String text = "0".repeat(200_000) + "=-".repeat(200_000) + "é".repeat(100_000);
    var config =
        new TokenizerConfig(
            400, 2, TokenizerConfig.Cut.GPT2, false, false, "<e>", "<p>", List.of());
    Tokenizer tokenizer =
        assertTimeoutPreemptively(
            Duration.ofSeconds(20), () -> Tokenizer.train(List.of(text), config));
    assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
    assertTrue(tokenizer.contains("0".repeat(64)));
  }

  @Test
  void threadsShareOneTokenizer() throws Exception {
    Tokenizer tokenizer = Tokenizer.train(TEXTS, config(500, 2));
    List<String> texts = TextSource.mixtures(3000, 11);
    List<int[]> alone = texts.stream().map(load(tokenizer.toJson())::encode).toList();
    try (ExecutorService pool = Executors.newFixedThreadPool(8)) {
      Callable<List<int[]>> task = () -> texts.stream().map(tokenizer::encode).toList();
      for (Future<List<int[]>> result : pool.invokeAll(Collections.nCopies(8, task))) {
        for (int i = 0; i < alone.size(); i++) {
          assertArrayEquals(alone.get(i), result.get().get(i));
        }
      }
    }
  }

  @Test
  void endAndPadTokenAreFoundByConfigurationOrCustom() throws IOException {
    String json = Shapes.llama2(TEXTS.subList(0, 20));
    assertEquals(2, load(json).endToken()); // </s>
    assertEquals(2, load(json).padToken());
    Path file = Files.writeString(folder.resolve("tokenizer.json"), json);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"eos_token\": {\"content\": \"<s>\"}, \"pad_token\": \"<unk>\"}");
    assertEquals(1, Tokenizer.load(file).endToken());
    assertEquals(0, Tokenizer.load(folder).padToken());
    Files.delete(folder.resolve("tokenizer_config.json"));
    String nameless = json.replace("</s>", "<end>");
    assertUserError(() -> load(nameless).endToken(), "which token ends a document", "eos_token");
  }

  @Test
  void unknownPiecesAreNeverDropped() throws IOException {
    String json = Shapes.metaspace(TEXTS.subList(0, 20), "always", true, true);
    assertEquals(0, load(json).encode("ж")[1]); // <unk>
    String strict = json.replace("\"unk_token\": \"<unk>\"", "\"unk_token\": null");
    assertUserError(() -> load(strict).encode("plain ж"), "no token for the character 'ж'");
    String noByte = Tokenizer.train(TEXTS, config(300, 2)).toJson().replace("\"Ã\":", "\"??\":");
    assertUserError(() -> load(noByte).encode("é"), "byte 0xC3"); // Ã spells the byte C3
  }

  @Test
  void badIdsAndNamesAreOneClearError() {
    Tokenizer tokenizer = Tokenizer.train(TEXTS, config(300, 2));
    assertUserError(() -> tokenizer.decode(new int[] {5, 300}), "id 300", "0 to 299");
    assertUserError(() -> tokenizer.tokenBytes(-1), "id -1");
    assertUserError(() -> tokenizer.idOf("no such"), "'no such'");
  }

  @Test
  void brokenFilesNameTheComponent() {
    String json = Tokenizer.train(TEXTS, config(300, 2)).toJson();
    Map<String, List<String>> breaks =
        Map.of(
            "\"type\": \"BPE\"->\"type\": \"Unigram\"", List.of("Unigram", "model"),
            "\"type\": \"Digits\"->\"type\": \"Whitespace\"",
                List.of("Whitespace", "pre_tokenizer.pretokenizers[0]"),
            "\"individual_digits\": true->\"individual_digits\": 1",
                List.of("individual_digits", "true or false"),
            "\"dropout\": null->\"dropout\": 0.1", List.of("model.dropout"),
            "\"end_of_word_suffix\": null->\"end_of_word_suffix\": \"</w>\"",
                List.of("end_of_word_suffix"),
            "\"Ġ\": ->\"Q\": ", List.of("Malformed", "Duplicate"),
            "\"id\": 1,->\"id\": 7,", List.of("'<|pad|>'", "7"),
            "\"version\": \"1.0\",->\"version\": ", List.of("Malformed"),
            "\"vocab\"->\"vocabulary\"", List.of("'vocab' is missing", "model"),
            "\"unk_token\": null->\"unk_token\": \"<nope>\"", List.of("<nope>", "unk_token"));
    breaks.forEach((change, parts) -> {
      String[] sides = change.split("->");
      String broken = json.replace(sides[0], sides[1]);
      assertFalse(broken.equals(json), change);
      assertUserError(() -> load(broken), parts.toArray(String[]::new));
    });
    assertUserError(() -> Tokenizer.load(folder.resolve("absent")), "absent");
  }

  @Test
  void contradictoryConfigurationsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> config(257, 2));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new TokenizerConfig(
                300, 2, TokenizerConfig.Cut.GPT2, true, false, "<e>", "<e>", List.of()));
  }

  private static TokenizerConfig config(int vocabSize, long minCount) {
    return new TokenizerConfig(
        vocabSize,
        minCount,
        TokenizerConfig.Cut.GPT2,
        true,
        false,
        "<|endoftext|>",
        "<|pad|>",
        List.of());
  }

  private Tokenizer load(String json) throws IOException {
    Path file = Files.createTempDirectory(folder, "t").resolve("tokenizer.json");
    return Tokenizer.load(Files.writeString(file, json));
  }

  private static void assertUserError(Executable action, String... parts) {
    UserError error = assertThrows(UserError.class, action);
    for (String part : parts) {
      assertTrue(error.getMessage().contains(part), () -> part + " not in " + error.getMessage());
    }
  }
}
