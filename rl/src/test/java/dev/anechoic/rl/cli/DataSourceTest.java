package dev.anechoic.rl.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.CorpusConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataSourceTest {
  private static final String GSM8K_ROW =
      "{\"question\": \"Tom has 3 bags of 4 apples. He eats %d. How many are left?\","
          + " \"answer\": \"Tom has 3*4=<<3*4=12>>12 apples.\\n"
          + "He has 12-%d=<<12-%d=%d>>%d left.\\n#### %d\"}\n";
  private static final String SVAMP =
      """
      [{"ID": "chal-1", "Body": "Ann has 8 pens.", "Question": "She loses 3. How many are left?",
        "Equation": "( 8.0 - 3.0 )", "Answer": 5.0, "Type": "Subtraction"}]
      """;

  @TempDir Path folder;

  private static String row(int eaten) {
    int left = 12 - eaten;
    return GSM8K_ROW.formatted(eaten, eaten, eaten, left, left, left);
  }

  private DataSource open(String... data) {
    return DataSource.open(List.of(data), CorpusConfig.defaults(), 0, _ -> {});
  }

  @Test
  void svampTakesThePlaceOfTheHeldOutProblems() throws IOException {
    Path svamp = Files.writeString(folder.resolve("SVAMP.json"), SVAMP);
    DataSource alone = open("svamp=" + svamp);
    assertTrue(alone.problems().training(0).id().startsWith("gen"));
    assertEquals("svamp-chal-1", alone.problems().evaluation(7).id());
    assertEquals(5, alone.problems().evaluation(0).gold().intValue());

    Files.writeString(folder.resolve("train.jsonl"), row(5));
    Files.writeString(folder.resolve("test.jsonl"), row(2));
    DataSource both = open("svamp=" + folder, "gsm8k=" + folder);
    assertEquals("gsm8k-train-1", both.problems().training(0).id());
    assertEquals("svamp-chal-1", both.problems().evaluation(0).id());
  }

  @Test
  void sourceIsNamedByItsContent() throws IOException {
    Files.writeString(folder.resolve("train.jsonl"), row(5));
    Files.writeString(folder.resolve("test.jsonl"), row(2));
    String before = open("gsm8k=" + folder).id();
    assertEquals(before, open("gsm8k=" + folder).id());
    Files.writeString(folder.resolve("train.jsonl"), row(4));
    assertNotEquals(before, open("gsm8k=" + folder).id());
  }

  @Test
  void longerProblemsAreLeftOutOnRequest() throws IOException {
    Files.writeString(folder.resolve("train.jsonl"), row(5));
    Files.writeString(folder.resolve("test.jsonl"), row(2));
    CorpusConfig one = Config.parse(CorpusConfig.class, "max_steps = 1", "test");
    UserError error =
        assertThrows(
            UserError.class, () -> DataSource.open(List.of("gsm8k=" + folder), one, 0, _ -> {}));
    assertTrue(error.getMessage().contains("max_steps"), error::getMessage);
    CorpusConfig two = Config.parse(CorpusConfig.class, "max_steps = 2", "test");
    assertEquals(
        "gsm8k-train-1",
        DataSource.open(List.of("gsm8k=" + folder), two, 0, _ -> {}).problems().training(0).id());
  }

  @Test
  void unknownSourceIsAnError() {
    assertThrows(UserError.class, () -> open("gsm9k=" + folder));
  }
}
