package dev.anechoic.model.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.testing.BackendsUnderTest;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PretrainerTest {
  private static final String TOML =
      """
      seed = 4
      max_tokens = 1536
      batch = 2
      log_every = 1
      eval_every = 5
      [model]
      preset = "nano"
      channels = 32
      context_length = 64
      [data]
      held_out = 3
      [tokenizer]
      vocab_size = 280
      [schedule]
      lr = 1e-2
      """;
  private static final int STEPS = 12;

  @TempDir private Path folder;
  private final PretrainConfig config = Config.parse(PretrainConfig.class, TOML, "test");
  private final PretrainData data = data(100);

  private PretrainData data(int count) {
    List<Document> documents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String format = i % 3 == 0 ? "text" : "code";
      documents.add(
          new Document(
              "Ann has " + i + " eggs and eats one. How many are left?",
              format.equals("text") ? "One goes: " + (i - 1) : "x = " + i + " - 1",
              format,
              null,
              "d" + i,
              "",
              1,
              Document.Corruption.NONE));
    }
    List<String> texts = documents.stream().map(Document::text).toList();
    Tokenizer tokenizer = Tokenizer.train(texts, config.tokenizer());
    return PretrainData.of(new DocumentEncoder(tokenizer), documents, config.data().heldOut());
  }

  @Test
  void resumedRunHasTheBitsOfOneThatNeverStopped() {
    Map<Long, Map<String, Double>> expectedMetrics = new TreeMap<>();
    String expected = run(folder.resolve("whole"), 1, expectedMetrics, Integer.MAX_VALUE);
    assertEquals(STEPS, expectedMetrics.size());

    Map<Long, Map<String, Double>> metrics = new TreeMap<>();
    String hash = "";
    for (int stopAt = 2; stopAt <= STEPS; stopAt += 3) {
      hash = run(folder.resolve("parts"), 1, metrics, stopAt);
    }
    hash = run(folder.resolve("parts"), 1, metrics, Integer.MAX_VALUE);
    assertEquals(expected, hash);
    assertEquals(expectedMetrics, metrics);
  }

  @Test
  void threadsDoNotChangeMetricsOrCheckpoint() {
    Map<Long, Map<String, Double>> one = new TreeMap<>();
    Map<Long, Map<String, Double>> two = new TreeMap<>();
    assertEquals(
        run(folder.resolve("one"), 1, one, Integer.MAX_VALUE),
        run(folder.resolve("two"), 2, two, Integer.MAX_VALUE));
    assertEquals(one, two);
  }

  @Test
  void lossFallsOnEveryFormat() {
    Map<Long, Map<String, Double>> metrics = new TreeMap<>();
    run(folder.resolve("c"), 1, metrics, Integer.MAX_VALUE);
    Map<String, Double> middle = metrics.get(5L);
    Map<String, Double> last = metrics.get((long) STEPS);
    for (String key : List.of("loss/code", "loss/text", "loss/code/answer")) {
      assertTrue(last.get(key) < middle.get(key), key);
      assertTrue(middle.get(key) < Math.log(280), key);
    }
  }

  @Test
  void probeEndsTheRun() {
    try (Backend backend = BackendsUnderTest.open("cpu", 1);
        Pretrainer trainer = new Pretrainer(config, data, backend, new MemoryLedger())) {
      Pretrainer.Result result =
          trainer
              .probedBy((model, step) -> new Probe.Verdict(Map.of("accuracy", 0.5), "enough"))
              .run(null);
      assertEquals(Pretrainer.End.PROBE, result.end());
      assertEquals(5, result.steps());
      assertEquals("enough", result.reason());
    }
  }

  @Test
  void checkpointOfOtherDataIsRefused() {
    run(folder.resolve("c"), 1, new TreeMap<>(), 3);
    try (Backend backend = BackendsUnderTest.open("cpu", 1);
        Pretrainer trainer = new Pretrainer(config, data(90), backend, new MemoryLedger())) {
      var error = assertThrows(UserError.class, () -> trainer.resume(folder.resolve("c")));
      assertTrue(error.getMessage().contains("training data"), error::getMessage);
    }
  }

  @Test
  void heldOutDocumentsAreNotTrainedOn() {
    assertEquals(6, data.heldOut().count());
    assertEquals(94, data.training().count());
    assertNotEquals(data.sha256(), data(90).sha256());
  }

  /** Runs, or goes on, up to a step; returns the checkpoint's hash. */
  private String run(
      Path checkpoint, int threads, Map<Long, Map<String, Double>> metrics, int stopAt) {
    StopSignal stop = StopSignal.manual();
    try (Backend backend = BackendsUnderTest.open("cpu", threads);
        Pretrainer trainer = new Pretrainer(config, data, backend, new MemoryLedger())) {
      if (Checkpoint.existsAt(checkpoint)) {
        trainer.resume(checkpoint);
      }
      trainer
          .checkpointTo(checkpoint)
          .stoppedBy(stop)
          .metricsTo((step, values) -> {
            metrics.put(step, values);
            if (step >= stopAt) {
              stop.request();
            }
          })
          .run(null);
    }
    return Checkpoint.open(checkpoint).hash();
  }
}
