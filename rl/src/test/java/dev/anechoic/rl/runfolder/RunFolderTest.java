package dev.anechoic.rl.runfolder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunFolderTest {
  @TempDir Path folder;

  @Test
  void metricsAreColumnsOverSteps() throws IOException {
    Metrics metrics =
        metrics(
            """
            {"step":0,"stage":"pretrain","loss":3.5}
            {"step":0,"stage":"rl","reward":0.25,"format/code/share":1}
            {"step":1,"reward":0.5,"format/code/share":0.75,"format/text/share":0.25}
            """);
    assertArrayEquals(new int[] {0, 1}, metrics.steps());
    assertArrayEquals(new double[] {0.25, 0.5}, metrics.column("reward"));
    assertArrayEquals(new double[] {Double.NaN, 0.25}, metrics.column("format/text/share"));
    assertArrayEquals(new double[] {Double.NaN, Double.NaN}, metrics.column("kl/k1"));
    assertEquals(List.of("code", "text"), metrics.formats());
    assertFalse(metrics.has("loss"), "a line of another stage");
  }

  @Test
  void theLastLineOfAStepHolds() throws IOException {
    Metrics metrics =
        metrics(
            """
            {"step":1,"reward":0.1}
            {"step":2,"reward":0.2}
            {"step":2,"reward":0.3}
            """);
    assertArrayEquals(new int[] {1, 2}, metrics.steps());
    assertArrayEquals(new double[] {0.1, 0.3}, metrics.column("reward"));
  }

  @Test
  void anUnfinishedLastLineIsSkipped() throws IOException {
    assertEquals(1, metrics("{\"step\":0,\"reward\":1}\n{\"step\":1,\"rew").size());
    assertEquals(2, metrics("{\"step\":0,\"reward\":1}\n{\"step\":1,\"reward\":1}").size());
  }

  @Test
  void aDamagedLineNamesFileAndLine() throws IOException {
    Files.writeString(
        folder.resolve(RunFolder.METRICS), "{\"step\":0}\n{\"step\":1,\"rew\n{\"step\":2}\n");
    UserError error = assertThrows(UserError.class, () -> new RunFolder(folder).metrics("rl"));
    assertTrue(error.getMessage().contains("metrics.jsonl line 2"), error.getMessage());
    assertTrue(error.getMessage().contains("remedy"), error.getMessage());
  }

  @Test
  void aWrongFieldSaysWhatWasExpected() throws IOException {
    Files.writeString(folder.resolve(RunFolder.SAMPLES), "{\"id\":\"a\",\"step\":\"one\"}\n");
    UserError error = assertThrows(UserError.class, () -> new RunFolder(folder).samples());
    assertTrue(error.getMessage().contains(": step"), error.getMessage());
    assertTrue(error.getMessage().contains("a whole number"), error.getMessage());
    assertTrue(error.getMessage().contains("the string one"), error.getMessage());
  }

  @Test
  void samplesComeBackAsTheyWere() {
    Sample sample =
        new Sample(
            "s1-p0-g0",
            1,
            "rl",
            "p0",
            "How many \"pens\"?\n",
            "</script> \u2028 é",
            "code",
            "truncated",
            "over_budget",
            0,
            Double.NaN,
            List.of("a", " b"),
            new double[] {-0.5f, Double.NaN},
            new double[] {-0.25f, -1e-8f},
            new double[0]);
    Path file = folder.resolve(RunFolder.SAMPLES);
    try (JsonLines.Appender out = new JsonLines.Appender(file)) {
      out.append(sample::write);
      out.append(sample::write);
    }
    List<Sample> read = Sample.read(file);
    assertEquals(2, read.size());
    assertEquals(sample.completion(), read.get(1).completion());
    assertEquals(sample.prompt(), read.get(1).prompt());
    assertEquals(sample.tokens(), read.get(1).tokens());
    assertTrue(Double.isNaN(read.get(1).advantage()));
    assertArrayEquals(sample.logprobs(), read.get(1).logprobs());
    assertEquals((float) -1e-8, (float) read.get(1).refLogprobs()[1]);
    assertEquals(0, read.get(1).ratios().length);
  }

  @Test
  void evaluationsComeBackAsTheyWere() {
    Evaluation evaluation =
        new Evaluation(
            60,
            0.7,
            0.95,
            List.of("code", "text"),
            List.of(
                new Evaluation.Problem(
                    "p0",
                    new Evaluation.Answer("code", "correct", "12"),
                    List.of(new Evaluation.Answer("none", "unparsable", null)),
                    Map.of("text", new Evaluation.Answer("text", "incorrect", "7"))),
                new Evaluation.Problem("p1", null, List.of(), Map.of())));
    Path file = folder.resolve(RunFolder.EVAL_AFTER);
    evaluation.write(file);
    assertEquals(evaluation, Evaluation.read(file));
  }

  @Test
  void anEvaluationWithoutProblemsIsRefused() throws IOException {
    Path file = folder.resolve(RunFolder.EVAL_AFTER);
    Files.writeString(file, "{\"step\":0,\"problems\":[]}");
    assertThrows(UserError.class, () -> Evaluation.read(file));
  }

  @Test
  void ledgersDecisionsAndManifestsComeBackAsTheyWere() {
    LedgerEntry entry =
        new LedgerEntry(
            3,
            24,
            3e-4,
            0.9,
            0.5,
            1e-7,
            0.01,
            0.2,
            List.of(
                new LedgerEntry.Push(
                    "code",
                    "policy",
                    0.4,
                    0.9,
                    120,
                    3.5,
                    ordered("layers.0", 0.1, "head", 0.3),
                    ordered("code", 0.02, "text", -0.01),
                    ordered("code", 0.04),
                    ordered("code", -0.3),
                    ordered("code", 0.2))),
            ordered("code|text", -0.2),
            List.of(new LedgerEntry.Movement("code", -0.7, -0.65, 0.048, 0.01, 0.001)),
            List.of(new LedgerEntry.SamplePush("s3-p0-g1", "code", 0.003)),
            ordered("mean", 0.01, "0.998", 1.5));
    Path ledger = folder.resolve(RunFolder.LEDGER);
    try (JsonLines.Appender out = new JsonLines.Appender(ledger)) {
      out.append(entry::write);
    }
    assertEquals(List.of(entry), LedgerEntry.read(ledger));
    assertEquals(0.05, entry.movements().getFirst().observed(), 1e-15);
    assertEquals(0.06, entry.pushes().getFirst().on("code"), 1e-15);
    assertEquals(-0.01, entry.pushes().getFirst().on("text"), 1e-15);

    Decision decision =
        new Decision(
            "before",
            "code",
            0.5,
            64,
            List.of(new Decision.Layer("embed", ordered("code", 1.5), ordered("mlp", 0.25))));
    Path decisions = folder.resolve(RunFolder.DECISION);
    try (JsonLines.Appender out = new JsonLines.Appender(decisions)) {
      out.append(decision::write);
    }
    assertEquals(List.of(decision), Decision.read(decisions));

    Manifest manifest =
        new Manifest(
            "nano",
            "ppo",
            7,
            "anechoic demo",
            "nano",
            115_000,
            List.of("code", "text"),
            Map.of("code", ordered("share", 0.5)),
            List.of(new Manifest.HashedFile("corpus", "corpus.jsonl", 12, "ab")),
            Map.of("jdk", "25"));
    manifest.write(folder.resolve(RunFolder.MANIFEST));
    assertEquals(manifest, Manifest.read(folder.resolve(RunFolder.MANIFEST)));
  }

  @Test
  void aStudyIsAFolderOfRuns() throws IOException {
    for (String run : List.of("nano", "micro")) {
      Files.createDirectories(folder.resolve(run));
      Files.writeString(folder.resolve(run).resolve(RunFolder.METRICS), "{\"step\":0}\n");
    }
    Files.createDirectories(folder.resolve("corpus"));
    List<RunFolder> runs = RunFolder.find(List.of(folder));
    assertEquals(List.of("micro", "nano"), runs.stream().map(RunFolder::name).toList());
    assertEquals(1, RunFolder.find(List.of(folder.resolve("nano"))).size());
  }

  @Test
  void missingAndEmptyFoldersAreOneClearErrorEach() {
    UserError missing =
        assertThrows(UserError.class, () -> RunFolder.find(List.of(folder.resolve("no-such-run"))));
    assertTrue(missing.getMessage().contains("no-such-run"), missing.getMessage());
    UserError empty = assertThrows(UserError.class, () -> RunFolder.find(List.of(folder)));
    assertTrue(empty.getMessage().contains("metrics.jsonl"), empty.getMessage());
  }

  private Metrics metrics(String text) throws IOException {
    Files.writeString(folder.resolve(RunFolder.METRICS), text);
    return new RunFolder(folder).metrics("rl");
  }

  private static Map<String, Double> ordered(Object... pairs) {
    Map<String, Double> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put((String) pairs[i], (Double) pairs[i + 1]);
    }
    return map;
  }
}
