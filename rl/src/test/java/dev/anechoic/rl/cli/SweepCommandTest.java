package dev.anechoic.rl.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SweepCommandTest {
  private static final String ANSWERS =
      """
      {"step": 0, "temperature": 0.7, "top_p": 0.95, "formats": ["code", "text"], "problems": [
        {"id": "p0", "samples": [["code", "correct", "1"], ["code", "incorrect", "2"]], "forced": {}}]}
      """;

  @TempDir Path folder;

  @Test
  void tableIsThatOfTheFinishedCellsAndNothingRuns() throws IOException {
    Path config = folder.resolve("sweep.toml");
    Files.writeString(folder.resolve("study.toml"), "name = \"tiny\"\n");
    Files.writeString(config, "study = \"study.toml\"\n[grid]\nseed = [\"1\", \"2\"]\n");
    Path out = folder.resolve("out");
    Path run = Files.createDirectories(out.resolve("001,seed=2").resolve("nano"));
    Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":1,\"kl/sequence\":0.25}\n");
    Files.writeString(run.resolve("eval-before.json"), ANSWERS);
    Files.writeString(run.resolve("eval-after.json"), ANSWERS);
    int code =
        Main.commandLine()
            .setOut(new PrintWriter(new StringWriter()))
            .execute("sweep", config.toString(), "--out", out.toString(), "--table");
    assertEquals(0, code);
    List<String> csv = Files.readAllLines(out.resolve("sweep.csv"));
    assertEquals(2, csv.size(), "a header and the finished cell");
    assertTrue(csv.get(1).startsWith("001;seed=2,nano,code,1.000,1.000,0.500,"), csv.get(1));
    try (Stream<Path> made = Files.list(out)) {
      assertEquals(3, made.count(), "the cell that was there, sweep.csv and sweep.md");
    }
  }
}
