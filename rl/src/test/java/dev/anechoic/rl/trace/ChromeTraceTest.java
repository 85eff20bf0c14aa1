package dev.anechoic.rl.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.rl.runfolder.JsonLines;
import dev.anechoic.rl.runfolder.JsonObject;
import dev.anechoic.tensor.trace.OpEvent;
import dev.anechoic.tensor.trace.PhaseEvent;
import dev.anechoic.tensor.trace.StepEvent;
import dev.anechoic.tensor.trace.TaskEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChromeTraceTest {
  @TempDir Path folder;

  @Test
  void stepsPhasesOpsWorkersAndCollectionsStandOnOneClock() throws Exception {
    Path recording = record();
    Path out = folder.resolve("run.json");
    TraceSummary summary = ChromeTrace.convert(recording, out);
    List<JsonObject> events = JsonLines.readObject(out).objects("traceEvents");

    JsonObject step = named(events, "rl step 7");
    JsonObject phase = named(events, "rollout");
    JsonObject op = named(events, "matmul");
    assertInside(phase, step);
    assertInside(op, phase);
    assertEquals(step.longInteger("tid"), op.longInteger("tid"));
    assertEquals(48, op.object("args").longInteger("flops"));
    assertEquals("[2,3]x[3,4]", op.object("args").string("shape"));

    JsonObject task = named(events, "matmul part");
    assertInside(task, step);
    assertTrue(task.longInteger("tid") != op.longInteger("tid"), "another thread's track");
    assertTrue(
        events.stream()
            .filter(e -> e.string("name").equals("thread_name"))
            .anyMatch(e -> e.object("args").string("name").equals("worker-of-test")));

    JsonObject collection =
        events.stream().filter(e -> e.string("cat", "").equals("gc")).findFirst().orElseThrow();
    assertInside(collection, step);
    assertTrue(events.stream().noneMatch(e -> e.has("ts") && e.number("ts") < 0));
    assertEquals(1, summary.events("anechoic.Op"));
    assertTrue(summary.lines().stream().anyMatch(line -> line.startsWith("matmul ")));
  }

  @Test
  void aRecordingWithoutOurEventsSaysSo() throws Exception {
    Path file = folder.resolve("other.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("jdk.GarbageCollection");
      recording.start();
      System.gc();
      recording.stop();
      recording.dump(file);
    }
    List<String> lines = ChromeTrace.convert(file, folder.resolve("other.json")).lines();
    assertTrue(lines.getLast().contains("No event of ours"), lines.toString());
  }

  @Test
  void aMissingOrWrongFileIsOneClearError() throws Exception {
    Path out = folder.resolve("out.json");
    assertThrows(UserError.class, () -> ChromeTrace.convert(folder.resolve("no-such.jfr"), out));
    Path text = Files.writeString(folder.resolve("text.jfr"), "not a recording");
    UserError error = assertThrows(UserError.class, () -> ChromeTrace.convert(text, out));
    assertTrue(error.getMessage().contains("text.jfr"), error.getMessage());
  }

  private Path record() throws Exception {
    Path file = folder.resolve("run.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("jdk.GarbageCollection");
      recording.enable("jdk.GCPhasePause");
      recording.start();
      StepEvent step = Objects.requireNonNull(StepEvent.start());
      PhaseEvent phase = Objects.requireNonNull(PhaseEvent.start());
      OpEvent op = Objects.requireNonNull(OpEvent.start());
      Thread.sleep(2);
      op.finish("matmul", "[2,3]x[3,4]", 48, 104);
      phase.finish("rollout", 7);
      Thread worker =
          new Thread(
              () -> {
                TaskEvent task = Objects.requireNonNull(TaskEvent.start());
                task.finish("matmul part", 16);
              },
              "worker-of-test");
      worker.start();
      worker.join();
      System.gc();
      step.finish("rl", 7, 512);
      recording.stop();
      recording.dump(file);
    }
    return file;
  }

  private static JsonObject named(List<JsonObject> events, String name) {
    return events.stream().filter(e -> e.string("name").equals(name)).findFirst().orElseThrow();
  }

  private static void assertInside(JsonObject inner, JsonObject outer) {
    double from = inner.number("ts");
    double to = from + inner.number("dur");
    assertTrue(from >= outer.number("ts"), "starts inside");
    assertTrue(to <= outer.number("ts") + outer.number("dur") + 0.001, "ends inside");
  }
}
