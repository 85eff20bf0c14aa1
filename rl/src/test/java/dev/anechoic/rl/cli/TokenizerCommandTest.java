package dev.anechoic.rl.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerCommandTest {
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private Path corpus;

  @BeforeEach
  void writeCorpus() throws IOException {
    corpus =
        Files.writeString(
            folder.resolve("corpus.jsonl"),
            """
            {"text": "Tom has 12 apples and 12 pears."}
            {"prompt": "Tom has 3 apples.", "completion": "The answer is 3.", "format": "text"}
            {"question": "Tom has 4 pears.", "answer": "The answer is 4."}
            """);
  }

  @Test
  void trainedTokenizerIsWrittenAndReported() {
    assertEquals(0, train("--vocab-size", "270"), err::toString);
    Tokenizer tokenizer = Tokenizer.load(folder.resolve("tok"));
    assertEquals(270, tokenizer.vocabSize());
    assertEquals("Tom has 4", tokenizer.decode(tokenizer.encode("Tom has 4")));
    TokenizerConfig settings =
        Config.load(TokenizerConfig.class, folder.resolve("tok/tokenizer.toml"), List.of());
    assertEquals(270, settings.vocabSize());
    assertTrue(out.toString().contains("vocabulary  270 tokens"), out::toString);
    assertFalse(out.toString().contains("note"), out::toString);
  }

  @Test
  void shortageOfPairsIsTold() {
    assertEquals(0, train("--vocab-size", "5000", "--set", "min_count=3"), err::toString);
    assertTrue(out.toString().contains("asked for 5,000 tokens"), out::toString);
  }

  @Test
  void userMistakesAreOneClearError() throws IOException {
    Files.writeString(corpus, "{\"prompt\": \"x\"}\n{oops\n");
    assertMistake(List.of("corpus.jsonl:1", "'completion' is missing"));
    Files.writeString(corpus, "{\"text\": \"x\"}\n{oops\n");
    assertMistake(List.of("corpus.jsonl:2", "Malformed"));
    Files.writeString(corpus, "\n");
    assertMistake(List.of("corpus.jsonl", "empty"));
    assertMistake(List.of("vocab_size", "at least 257"), "--vocab-size", "100");
    assertMistake(List.of("vocab_sise", "'vocab_size'"), "--set", "vocab_sise=300");
  }

  @Test
  void settingsAreListed() {
    assertEquals(
        0,
        Main.commandLine()
            .setOut(new PrintWriter(out))
            .execute("tokenizer", "train", "--show-config"));
    assertTrue(out.toString().contains("single_digits"), out::toString);
  }

  private void assertMistake(List<String> parts, String... more) {
    err.getBuffer().setLength(0);
    assertEquals(Main.EXIT_USER, train(more));
    parts.forEach(part -> assertTrue(err.toString().contains(part), err::toString));
    assertFalse(err.toString().contains("\tat "), err::toString);
  }

  private int train(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "tokenizer",
                "train",
                "--corpus",
                corpus.toString(),
                "--out",
                folder.resolve("tok").toString()));
    arguments.addAll(List.of(more));
    return Main.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments.toArray(String[]::new));
  }
}
