package dev.anechoic.model.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.Document.Corruption;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Verdict;
import dev.anechoic.model.io.Hashing;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MixtureTest {

  private static final long BLOCK = 20_000;

  /** A token per word, digit and sign: the tokenizer is not what is tested here. */
  static int countTokens(String text) {
    int count = 0;
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      boolean letter = Character.isLetter(text.charAt(i));
      count += letter && inWord || text.charAt(i) == ' ' ? 0 : 1;
      inWord = letter;
    }
    return count;
  }

  private static CorpusConfig config(String toml) {
    return Config.parse(CorpusConfig.class, "block_size = " + BLOCK + "\n" + toml, "test");
  }

  private static Mixture mixture(String toml) {
    return config(toml).mixture(MixtureTest::countTokens);
  }

  private static Map<String, Long> tokens(Mixture mixture, List<Document> documents) {
    Map<String, Long> tokens = new HashMap<>();
    documents.forEach(d -> tokens.merge(d.format(), (long) mixture.tokens(d), Long::sum));
    return tokens;
  }

  private static final String SHARES =
      """
      [formats]
      code = { share = 0.5 }
      tool = { share = 0.3, label_noise = 0.2 }
      text = { share = 0.2 }
      """;

  @Test
  void sharesAreExactToTheTokenInEveryBlock() {
    Mixture mixture = mixture(SHARES);
    for (int block = 0; block < 8; block++) {
      assertEquals(
          Map.of("code", 10_000L, "tool", 6_000L, "text", 4_000L),
          tokens(mixture, mixture.block(block)));
    }
  }

  @Test
  void whatIsNotWholeIsRoundedSoThatTheBlockIsFull() {
    Mixture mixture = mixture("[formats]\ncode = {}\ntool = {}\ntext = {}\n");
    assertEquals(List.of(6_667L, 6_667L, 6_666L), boxed(mixture.quota()));
    Map<String, Long> tokens = tokens(mixture, mixture.block(0));
    assertEquals(Map.of("code", 6_667L, "tool", 6_667L, "text", 6_666L), tokens);
  }

  private static List<Long> boxed(long[] values) {
    return java.util.Arrays.stream(values).boxed().toList();
  }

  @Test
  void sharesMayBeThoseOfDocuments() {
    Mixture mixture = mixture("unit = \"documents\"\n" + SHARES);
    Map<String, Long> counts =
        mixture.block(1).stream()
            .collect(Collectors.groupingBy(Document::format, Collectors.counting()));
    assertEquals(Map.of("code", 10_000L, "tool", 6_000L, "text", 4_000L), counts);
  }

  @Test
  void aSmallerCorpusIsAPrefixOfALargerOne() {
    List<Document> small = mixture(SHARES).blocks(2).toList();
    List<Document> large = mixture(SHARES).blocks(5).toList();
    assertTrue(large.size() > 2 * small.size());
    assertEquals(small, large.subList(0, small.size()));
    assertEquals(mixture(SHARES).block(4), mixture(SHARES).block(4));
  }

  @Test
  void blocksAreShuffledBySeed() {
    List<Document> first = mixture(SHARES).block(0);
    List<Document> second = mixture("seed = 2\n" + SHARES).block(0);
    assertNotEquals(
        first.stream().map(Document::format).toList(),
        second.stream().map(Document::format).toList());
    int changes = 0;
    for (int i = 1; i < first.size(); i++) {
      changes += first.get(i).format().equals(first.get(i - 1).format()) ? 0 : 1;
    }
    assertTrue(changes > first.size() / 3, "formats stand in runs");
  }

  @Test
  void noProblemComesTwiceByNumber() {
    List<Document> documents = mixture(SHARES).blocks(3).toList();
    assertEquals(documents.size(), documents.stream().map(Document::id).distinct().count());
  }

  @Test
  void corruptionFollowsTheDialsAndIsWhatMakesAnAnswerWrong() {
    CorpusConfig config = config(SHARES.replace("share = 0.5", "share = 0.5, misconception = 1"));
    Mixture mixture = config.mixture(MixtureTest::countTokens);
    FormatClassifier classifier = new FormatClassifier(config.formatList());
    Map<Corruption, Integer> tool = new HashMap<>();
    int tools = 0;
    for (Document document : mixture.blocks(10).toList()) {
      var gold = document.answer();
      assertTrue(gold != null);
      String completion = document.completion();
      var verification = classifier.verify(completion, classifier.classify(completion), gold);
      boolean right = verification.verdict() == Verdict.CORRECT;
      if (document.corruption() != Corruption.MISCONCEPTION) {
        assertEquals(document.corruption() == Corruption.NONE, right, completion);
      }
      if (document.format().equals("tool")) {
        tools++;
        tool.merge(document.corruption(), 1, Integer::sum);
      } else if (document.format().equals("text")) {
        assertEquals(Corruption.NONE, document.corruption());
      }
    }
    double noisy = (double) tool.getOrDefault(Corruption.LABEL_NOISE, 0) / tools;
    assertEquals(0.2, noisy, 5 * Math.sqrt(0.16 / tools));
    assertTrue(!tool.containsKey(Corruption.MISCONCEPTION));
  }

  @Test
  void aFormatHasDialsOfItsOwnForDifficultyAndNumbers() {
    Mixture mixture =
        mixture(
            """
            [formats]
            code = { step_weights = [0.0, 1.0] }
            text = { largest = 9, largest_value = 60 }
            """);
    for (Document document : mixture.block(0)) {
      if (document.format().equals("code")) {
        assertEquals(2, document.steps());
      } else {
        assertTrue(document.answer() != null && document.answer().intValue() <= 60);
      }
    }
  }

  /** The hash changes only when generator, formats or mixture are changed on purpose. */
  @Test
  void aSeedNamesTheCorpusForGood() {
    String all = mixture(SHARES).blocks(2).map(d -> d.text() + "\n").collect(Collectors.joining());
    assertEquals(
        "d44030acf36a6fc7", Hashing.sha256(all.getBytes(StandardCharsets.UTF_8)).substring(0, 16));
  }

  @Test
  void aShareThatIsLessThanOneUnitIsRefused() {
    UserError e =
        assertThrows(
            UserError.class, () -> mixture("[formats]\ncode = { share = 1e-9 }\ntext = {}\n"));
    assertTrue(e.getMessage().contains("less than one unit"), e.getMessage());
  }

  @Test
  void dialsThatDoNotAddUpAreRefusedWithTheirPlace() {
    for (String toml :
        List.of(
            "[formats]\ncode = { largest = 300 }\n",
            "[formats]\ncode = { share = 0 }\n",
            "[formats]\nprose = {}\n",
            "[formats]\ncode = { label_noise = 2 }\n",
            "[generator]\nlargest = 3\n")) {
      UserError e = assertThrows(UserError.class, () -> config(toml), toml);
      assertTrue(e.getMessage().contains("test"), e.getMessage());
    }
    UserError e =
        assertThrows(UserError.class, () -> config("[formats]\ncode = { largest = 300 }\n"));
    assertTrue(e.getMessage().contains("formats.code"), e.getMessage());
  }
}
