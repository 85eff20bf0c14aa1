package dev.anechoic.tensor.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EventsTest {
  @TempDir Path folder;

  @Test
  void offNothingIsMade() {
    for (int i = 0; i < 100; i++) {
      assertNull(OpEvent.start());
      assertNull(PhaseEvent.start());
      assertNull(StepEvent.start());
      assertNull(TaskEvent.start());
    }
    long bytes = Long.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      bytes = Math.min(bytes, bytesOfStarts());
    }
    assertEquals(0, bytes);
  }

  /** The reading itself and late class loading allocate too, so the caller takes the least. */
  private static long bytesOfStarts() {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    int started = 0;
    for (int i = 0; i < 10_000; i++) {
      started += OpEvent.start() == null ? 0 : 1;
    }
    long after = threads.getCurrentThreadAllocatedBytes();
    assertEquals(0, started);
    return after - before;
  }

  @Test
  void aRecordingHoldsTheFields() throws Exception {
    Path file = folder.resolve("run.jfr");
    try (Recording recording = new Recording()) {
      recording.start();
      OpEvent op = assertNotNullEvent(OpEvent.start());
      op.finish("matmul", "[2,3]x[3,4]", 48, 104);
      PhaseEvent phase = assertNotNullEvent(PhaseEvent.start());
      phase.finish("rollout", 7);
      StepEvent step = assertNotNullEvent(StepEvent.start());
      step.finish("rl", 7, 512);
      TaskEvent task = assertNotNullEvent(TaskEvent.start());
      task.finish("matmul", 16);
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events =
        RecordingFile.readAllEvents(file).stream()
            .filter(e -> e.getEventType().getName().startsWith("anechoic."))
            .toList();
    assertEquals(4, events.size());
    RecordedEvent op = named(events, "anechoic.Op");
    assertEquals("matmul", op.getString("name"));
    assertEquals("[2,3]x[3,4]", op.getString("shape"));
    assertEquals(48, op.getLong("flops"));
    assertEquals(104, op.getLong("bytes"));
    assertEquals(7, named(events, "anechoic.Phase").getLong("step"));
    assertEquals(512, named(events, "anechoic.Step").getLong("tokens"));
    assertEquals(16, named(events, "anechoic.Task").getLong("tasks"));
  }

  private static <T> T assertNotNullEvent(T event) {
    assertNotNull(event, "a started recording wants our events");
    return event;
  }

  private static RecordedEvent named(List<RecordedEvent> events, String name) {
    return events.stream()
        .filter(e -> e.getEventType().getName().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
