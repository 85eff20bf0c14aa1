package dev.anechoic.rl.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
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

  private static final String TINY =
      """
      threads = 1
      [corpus]
      unit = "documents"
      block_size = 300
      blocks = 1
      [tokenizer]
      vocab_size = 320
      [models.tiny]
      tokens = 8192
      eval_every = 0
      model = { preset = "nano", context_length = 160, channels = 16, layers = 1, heads = 2 }
      [rl]
      steps = 2
      prompts_per_step = 2
      samples_per_prompt = 2
      max_new_tokens = 8
      [eval]
      problems = 4
      samples = 2
      """;

  @Test
  void aFinishedCellIsNeverDoneAgainAndTheOthersShareItsBase() throws IOException {
    Path config = folder.resolve("sweep.toml");
    Files.writeString(folder.resolve("study.toml"), TINY);
    Files.writeString(config, "study = \"study.toml\"\n[grid]\n\"kl.coef\" = [\"0\", \"0.1\"]\n");
    Path out = folder.resolve("out");
    Path first = out.resolve("000,kl.coef=0/tiny/policy/model.safetensors");
    Path second = out.resolve("001,kl.coef=0.1/tiny/policy/model.safetensors");
    assertEquals(0, cell(config, out, 0));
    assertTrue(Files.exists(first) && !Files.exists(second));
    FileTime made = Files.getLastModifiedTime(first);
    Path base;
    try (Stream<Path> shared = Files.list(out.resolve("shared"))) {
      base = shared.filter(f -> f.getFileName().toString().startsWith("base-")).findFirst().get();
    }
    FileTime pretrained = Files.getLastModifiedTime(base.resolve("checkpoint/model.safetensors"));
    assertEquals(0, cell(config, out, 0));
    assertEquals(0, cell(config, out, 1));
    assertEquals(made, Files.getLastModifiedTime(first));
    assertEquals(
        pretrained, Files.getLastModifiedTime(base.resolve("checkpoint/model.safetensors")));
    assertTrue(Files.exists(second));
    assertEquals(Main.EXIT_USER, cell(config, out, 2), "there are two");
  }

  @Test
  void noRoomForACellIsOneClearError() throws IOException {
    Path config = folder.resolve("sweep.toml");
    Files.writeString(folder.resolve("study.toml"), TINY);
    Files.writeString(config, "study = \"study.toml\"\n[grid]\nseed = [\"1\"]\n");
    StringWriter err = new StringWriter();
    int code =
        Main.commandLine()
            .setErr(new PrintWriter(err, true))
            .execute("sweep", config.toString(), "--out", folder + "/o", "--jobs", "0");
    assertEquals(Main.EXIT_USER, code);
    assertTrue(err.toString().contains("--jobs"), err::toString);
  }

  private static int cell(Path config, Path out, int index) {
    return Main.commandLine()
        .setErr(new PrintWriter(new StringWriter()))
        .execute("sweep", config.toString(), "--out", out.toString(), "--index", "" + index);
  }

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
