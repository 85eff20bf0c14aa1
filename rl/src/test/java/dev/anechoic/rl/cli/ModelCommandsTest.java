package dev.anechoic.rl.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import dev.anechoic.model.train.DocumentEncoder;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code corpus}, {@code pretrain}, {@code sample} and {@code score}, one after the other. */
@TestInstance(Lifecycle.PER_CLASS)
class ModelCommandsTest {
  @TempDir private static Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  void corpusAndModel() throws IOException {
    Files.writeString(
        folder.resolve("tiny.toml"),
        """
        max_tokens = 4096
        batch = 2
        micro_batch = 2
        log_every = 2
        eval_every = 8
        [model]
        preset = "nano"
        channels = 32
        context_length = 128
        [data]
        held_out = 4
        corpus = "%s"
        [tokenizer]
        vocab_size = 384
        [corpus]
        blocks = 2
        block_size = 6000
        evaluation = 8
        """
            .formatted(folder.resolve("corpus")));
    run(0, "corpus", "tiny.toml", "--out", "corpus");
    run(0, "pretrain", "tiny.toml", "--out", "run");
  }

  @Test
  void corpusHoldsExactSharesAndItsTokenizer() {
    Json manifest = Json.read(folder.resolve("corpus/manifest.json"));
    assertEquals(12_000, manifest.get("tokens").longValue());
    assertTrue(Files.exists(folder.resolve("corpus/tokenizer.json")));
    run(Main.EXIT_USER, "corpus", "tiny.toml", "--out", "corpus");
    assertTrue(err.toString().contains("holds a corpus already"), err::toString);
  }

  @Test
  void pretrainWritesConfigurationMetricsAndCheckpoint() {
    assertTrue(Files.exists(folder.resolve("run/config.toml")));
    List<Json> rows = JsonLines.readAll(folder.resolve("run/metrics.jsonl"));
    assertEquals(16, rows.getLast().get("step").intValue());
    assertEquals("pretrain", rows.getLast().get("stage").string());
    for (String key : List.of("loss", "loss/code", "loss/tool", "loss/text", "optim/lr")) {
      assertTrue(rows.getLast().has(key), key);
    }
    assertEquals(
        16, Checkpoint.open(folder.resolve("run/checkpoint")).state().get("step").intValue());
  }

  @Test
  void pretrainTwiceIsTheSameToTheBit() throws IOException {
    run(0, "pretrain", "tiny.toml", "--out", "again", "--set", "threads=1");
    assertEquals(
        Files.readString(folder.resolve("run/metrics.jsonl")),
        Files.readString(folder.resolve("again/metrics.jsonl")));
    assertEquals(
        Checkpoint.open(folder.resolve("run/checkpoint")).hash(),
        Checkpoint.open(folder.resolve("again/checkpoint")).hash());
  }

  @Test
  void folderOfAnotherRunIsRefused() {
    run(Main.EXIT_USER, "pretrain", "tiny.toml", "--out", "run");
    assertTrue(err.toString().contains("--resume"), err::toString);
    run(Main.EXIT_USER, "pretrain", "tiny.toml", "--out", "run", "--resume", "--set", "seed=2");
    assertTrue(err.toString().contains("another configuration"), err::toString);
    run(0, "pretrain", "tiny.toml", "--out", "run", "--resume");
    assertTrue(out.toString().contains("nothing is left to do"), out::toString);
    assertFalse(out.toString().contains("loss 0.0000"), out::toString);
  }

  @Test
  void unknownKeyNamesTheNearest() {
    run(Main.EXIT_USER, "pretrain", "--out", "other", "--set", "schedule.lrr=1");
    assertTrue(err.toString().contains("'lr'"), err::toString);
    assertFalse(Files.exists(folder.resolve("other")));
  }

  @Test
  void sampledLogProbsAreTheScoredOnesToTheLastDigit() throws IOException {
    Files.writeString(
        folder.resolve("prompts.jsonl"),
        """
        {"prompt": "Tom has 3 apples. How many?", "id": "a"}
        {"ids": [5, 6, 7], "opening": "x ="}
        """);
    run(
        0,
        "sample",
        "--checkpoint",
        "run/checkpoint",
        "--prompts",
        "prompts.jsonl",
        "--out",
        "answers.jsonl",
        "--samples",
        "3",
        "--max-new-tokens",
        "12");
    List<Json> answers = JsonLines.readAll(folder.resolve("answers.jsonl"));
    assertEquals(6, answers.size());
    assertEquals("a", answers.getFirst().get("id").string());
    assertTrue(answers.getLast().get("completion").string().startsWith("x ="));

    Json answer = answers.getFirst();
    String completion = answer.get("completion_ids").value().toString();
    Path checkpoint = folder.resolve("run/checkpoint");
    var encoder = new DocumentEncoder(Checkpoint.open(checkpoint).tokenizer());
    int[] prompt = encoder.prompt("Tom has 3 apples. How many?");
    int[] drawn = answer.get("completion_ids").items().stream().mapToInt(Json::intValue).toArray();
    int[] ids = IntStream.concat(IntStream.of(prompt), IntStream.of(drawn)).toArray();
    Files.writeString(folder.resolve("ids.jsonl"), Json.compact(Map.of("ids", ids)) + "\n");
    run(0, "score", "--checkpoint", "run/checkpoint", "--in", "ids.jsonl", "--out", "scores.jsonl");
    Json score = JsonLines.readAll(folder.resolve("scores.jsonl")).getFirst();
    double[] expected = doubles(answer.get("logprobs"));
    double[] scored = doubles(score.get("logprobs"));
    assertEquals(ids.length - 1, scored.length);
    double[] tail = Arrays.copyOfRange(scored, scored.length - expected.length, scored.length);
    assertArrayEquals(expected, tail, completion);
  }

  private static double[] doubles(Json array) {
    return array.items().stream().mapToDouble(Json::doubleValue).toArray();
  }

  @Test
  void badLinesAreNamedByNumber() throws IOException {
    Files.writeString(folder.resolve("bad.jsonl"), "{\"ids\": [1, 2]}\n{\"ids\": [1, 99999]}\n");
    run(
        Main.EXIT_USER,
        "score",
        "--checkpoint",
        "run/checkpoint",
        "--in",
        "bad.jsonl",
        "--out",
        "x.jsonl");
    assertTrue(err.toString().contains("bad.jsonl:2"), err::toString);
    Files.writeString(folder.resolve("bad.jsonl"), "{\"ids\": [1, 2]\n");
    run(
        Main.EXIT_USER,
        "score",
        "--checkpoint",
        "run/checkpoint",
        "--in",
        "bad.jsonl",
        "--out",
        "x.jsonl");
    assertTrue(err.toString().contains("Malformed JSON"), err::toString);
    Files.writeString(folder.resolve("bad.jsonl"), "{\"ids\": []}\n");
    run(
        Main.EXIT_USER,
        "sample",
        "--checkpoint",
        "run/checkpoint",
        "--prompts",
        "bad.jsonl",
        "--out",
        "x.jsonl");
    assertTrue(err.toString().contains("prompt is empty"), err::toString);
    run(Main.EXIT_USER, "score", "--checkpoint", "run", "--in", "bad.jsonl", "--out", "x.jsonl");
    assertTrue(err.toString().contains("no checkpoint"), err::toString);
  }

  @ParameterizedTest
  @CsvSource({
    "--samples, 0",
    "--slots, 0",
    "--temperature, -1",
    "--temperature, NaN",
    "--top-p, 0",
    "--max-new-tokens, -1"
  })
  void impossibleFlagIsOneClearErrorAndWritesNothing(String flag, String value) throws IOException {
    Files.writeString(folder.resolve("one.jsonl"), "{\"ids\": [1]}\n");
    run(
        Main.EXIT_USER,
        "sample",
        "--checkpoint",
        "run/checkpoint",
        "--prompts",
        "one.jsonl",
        "--out",
        "never.jsonl",
        flag,
        value);
    assertTrue(err.toString().contains("impossible value"), err::toString);
    assertFalse(Files.exists(folder.resolve("never.jsonl")));
  }

  @Test
  void errorOnTheWayLeavesTheFileThatWasThere() throws IOException {
    Path kept = Files.writeString(folder.resolve("kept.jsonl"), "{\"old\": true}\n");
    String before = Files.readString(kept);
    for (String lines : List.of("", "{\"ids\": [5, 6]}\n{\"ids\": [5,\n")) {
      Files.writeString(folder.resolve("in.jsonl"), lines);
      for (String[] command : new String[][] {{"sample", "--prompts"}, {"score", "--in"}}) {
        run(
            Main.EXIT_USER,
            command[0],
            "--checkpoint",
            "run/checkpoint",
            command[1],
            "in.jsonl",
            "--out",
            "kept.jsonl");
        String expected = lines.isEmpty() ? "no lines" : "in.jsonl:2";
        assertTrue(err.toString().contains(expected), err::toString);
        assertEquals(before, Files.readString(kept));
      }
    }
    try (var files = Files.list(folder)) {
      assertTrue(files.noneMatch(file -> file.toString().endsWith("staging")));
    }
  }

  /** Runs a command with its paths below the test's folder. */
  private void run(int exitCode, String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    List<String> paths = List.of("tiny.toml", "corpus", "run", "again", "other");
    String[] placed = new String[arguments.length];
    for (int i = 0; i < placed.length; i++) {
      String argument = arguments[i];
      boolean isPath =
          i > 0
              && (paths.contains(argument)
                  || argument.endsWith(".jsonl")
                  || argument.startsWith("run/"));
      placed[i] = isPath ? folder.resolve(argument).toString() : argument;
    }
    int got =
        Main.commandLine()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(placed);
    assertEquals(exitCode, got, err::toString);
  }
}
