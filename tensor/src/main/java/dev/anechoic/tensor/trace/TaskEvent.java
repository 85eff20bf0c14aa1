package dev.anechoic.tensor.trace;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** The part of an op that one worker thread computes. */
@Name("anechoic.Task")
@Label("Task")
@Category("Anechoic")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // the flight recorder reads the fields
public final class TaskEvent extends Event {

  @Label("Task")
  private String name = "";

  @Label("Tasks")
  private long tasks;

  private TaskEvent() {}

  /** A started event, or null while no recording wants it. */
  public static @Nullable TaskEvent start() {
    if (!FlightRecorder.isInitialized() || !Type.EVENT.isEnabled()) {
      return null;
    }
    TaskEvent event = new TaskEvent();
    event.begin();
    return event;
  }

  /**
   * Ends the event and hands it to the recording.
   *
   * @param name the op, or another name of the work
   * @param tasks tasks that the thread ran
   */
  public void finish(String name, long tasks) {
    end();
    this.name = name;
    this.tasks = tasks;
    commit();
  }

  /** Holds the type apart, so that Flight Recorder is not loaded while no recording runs. */
  private static final class Type {
    static final EventType EVENT = EventType.getEventType(TaskEvent.class);
  }
}
