package dev.anechoic.rl.trace;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.anechoic.model.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;

/**
 * Converts a Flight Recorder recording into the Trace Event Format, which Perfetto and Chrome open.
 *
 * <p>Threads are tracks. Steps, phases, ops and tasks are complete events on the thread that ran
 * them, so they nest by time; garbage collections and their pauses have a track of their own; heap
 * and processor load are counters. All stand on the clock of the recording, in microseconds since
 * its first event.
 */
public final class ChromeTrace {
  private static final int PROCESS = 1;

  /** A track number that no Java thread has. */
  private static final long COLLECTOR = 0;

  private final JsonGenerator json;
  private final Instant origin;
  private final Map<Long, String> threads = new HashMap<>();
  private final TraceSummary summary = new TraceSummary();

  private ChromeTrace(JsonGenerator json, Instant origin) {
    this.json = json;
    this.origin = origin;
  }

  /**
   * Converts a recording.
   *
   * @param recording a {@code .jfr} file
   * @param out the JSON file to write
   * @return what was found
   * @throws UserError where the file is missing or is no recording
   */
  public static TraceSummary convert(Path recording, Path out) {
    if (!Files.isRegularFile(recording)) {
      throw UserError.what("No such recording")
          .where(recording)
          .expected("a Flight Recorder file")
          .remedy("Record one with -XX:StartFlightRecording:filename=run.jfr.");
    }
    Instant origin = firstEvent(recording);
    try (JsonGenerator json = new JsonFactory().createGenerator(Files.newBufferedWriter(out));
        RecordingFile events = new RecordingFile(recording)) {
      ChromeTrace trace = new ChromeTrace(json, origin);
      json.writeStartObject();
      json.writeStringField("displayTimeUnit", "ms");
      json.writeArrayFieldStart("traceEvents");
      while (events.hasMoreEvents()) {
        trace.event(events.readEvent());
      }
      trace.names();
      json.writeEndArray();
      json.writeEndObject();
      return trace.summary;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot convert " + recording, e);
    }
  }

  /** Events are stored per thread, not in order, so the earliest takes a pass of its own. */
  private static Instant firstEvent(Path recording) {
    Instant first = Instant.MAX;
    try (RecordingFile events = new RecordingFile(recording)) {
      while (events.hasMoreEvents()) {
        Instant start = events.readEvent().getStartTime();
        first = start.isBefore(first) ? start : first;
      }
    } catch (IOException e) {
      throw UserError.what("Not a Flight Recorder recording")
          .where(recording)
          .got(e)
          .cause(e)
          .remedy("Record again, and let the program end so that the file is complete.");
    }
    return first;
  }

  private void event(RecordedEvent event) throws IOException {
    switch (event.getEventType().getName()) {
      case "anechoic.Op" -> op(event);
      case "anechoic.Phase" ->
          complete(event, event.getString("name"), "phase", thread(event), "step");
      case "anechoic.Step" ->
          complete(
              event,
              event.getString("stage") + " step " + event.getLong("step"),
              "step",
              thread(event),
              "tokens");
      case "anechoic.Task" ->
          complete(event, event.getString("name"), "task", thread(event), "tasks");
      case "jdk.GarbageCollection" ->
          complete(event, "GC " + event.getString("name"), "gc", COLLECTOR, "cause");
      case "jdk.GCPhasePause" -> complete(event, event.getString("name"), "gc", COLLECTOR);
      case "jdk.Compilation" -> complete(event, "compile", "jit", thread(event), "method");
      case "jdk.ThreadPark", "jdk.JavaMonitorEnter", "jdk.ThreadSleep" ->
          complete(event, event.getEventType().getLabel(), "wait", thread(event));
      case "jdk.GCHeapSummary" -> counter(event, "heap used, bytes", event.getLong("heapUsed"));
      case "jdk.CPULoad" -> counter(event, "processor load", event.getDouble("jvmUser"));
      default -> {
        return;
      }
    }
    summary.count(event.getEventType().getName());
  }

  private void op(RecordedEvent event) throws IOException {
    long nanos = event.getDuration().toNanos();
    long flops = event.getLong("flops");
    long bytes = event.getLong("bytes");
    summary.op(event.getString("name"), nanos, flops, bytes);
    start(event, event.getString("name"), "op", thread(event));
    json.writeStringField("shape", event.getString("shape"));
    rate("flops", "GFLOP/s", flops, nanos);
    rate("bytes", "GB/s", bytes, nanos);
    finish();
  }

  /** A count and its rate; a count below 0 depends on the data and is not known. */
  private void rate(String name, String unit, long count, long nanos) throws IOException {
    if (count >= 0) {
      json.writeNumberField(name, count);
    }
    if (count >= 0 && nanos > 0) {
      json.writeNumberField(unit, count / (double) nanos);
    }
  }

  private void complete(
      RecordedEvent event, String name, String category, long thread, String... fields)
      throws IOException {
    start(event, name, category, thread);
    for (String field : fields) {
      switch (event.getValue(field)) {
        case Number number -> json.writeNumberField(field, number.longValue());
        case null -> json.writeNullField(field);
        case Object other -> json.writeStringField(field, oneLine(other));
      }
    }
    finish();
  }

  /** Recorded methods print as a block; their first line names them. */
  private static String oneLine(Object value) {
    return value instanceof jdk.jfr.consumer.RecordedMethod method
        ? method.getType().getName() + "." + method.getName()
        : value.toString();
  }

  private void start(RecordedEvent event, String name, String category, long thread)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("ph", "X");
    json.writeStringField("name", name);
    json.writeStringField("cat", category);
    json.writeNumberField("pid", PROCESS);
    json.writeNumberField("tid", thread);
    json.writeNumberField("ts", micros(event.getStartTime()));
    json.writeNumberField("dur", event.getDuration().toNanos() / 1e3);
    json.writeObjectFieldStart("args");
  }

  private void finish() throws IOException {
    json.writeEndObject();
    json.writeEndObject();
    json.writeRaw('\n');
  }

  private void counter(RecordedEvent event, String name, double value) throws IOException {
    json.writeStartObject();
    json.writeStringField("ph", "C");
    json.writeStringField("name", name);
    json.writeNumberField("pid", PROCESS);
    json.writeNumberField("ts", micros(event.getStartTime()));
    json.writeObjectFieldStart("args");
    json.writeNumberField("value", value);
    finish();
  }

  private double micros(Instant time) {
    return Duration.between(origin, time).toNanos() / 1e3;
  }

  /** The track of the event's thread, which it also names. */
  private long thread(RecordedEvent event) {
    RecordedThread thread = event.getThread();
    if (thread == null) {
      return COLLECTOR;
    }
    long javaId = thread.getJavaThreadId();
    // a compiler thread has no Java id; its system id must not meet the small Java ids
    long id = javaId > 0 ? javaId : 1_000_000 + thread.getOSThreadId();
    String javaName = thread.getJavaName();
    threads.putIfAbsent(id, javaName != null ? javaName : String.valueOf(thread.getOSName()));
    return id;
  }

  private void names() throws IOException {
    threads.put(COLLECTOR, "garbage collector");
    for (Map.Entry<Long, String> thread : threads.entrySet()) {
      json.writeStartObject();
      json.writeStringField("ph", "M");
      json.writeStringField("name", "thread_name");
      json.writeNumberField("pid", PROCESS);
      json.writeNumberField("tid", thread.getKey());
      json.writeObjectFieldStart("args");
      json.writeStringField("name", thread.getValue());
      finish();
    }
  }
}
