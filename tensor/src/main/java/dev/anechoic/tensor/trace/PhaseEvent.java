package dev.anechoic.tensor.trace;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** One phase of a step: rollout, reward, reference, forward, backward, optimizer and the like. */
@Name("anechoic.Phase")
@Label("Phase")
@Category("Anechoic")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // the flight recorder reads the fields
public final class PhaseEvent extends Event {

  @Label("Phase")
  private String name = "";

  @Label("Step")
  private long step;

  private PhaseEvent() {}

  /** A started event, or null while no recording wants it. */
  public static @Nullable PhaseEvent start() {
    if (!FlightRecorder.isInitialized() || !Type.EVENT.isEnabled()) {
      return null;
    }
    PhaseEvent event = new PhaseEvent();
    event.begin();
    return event;
  }

  /**
   * Ends the event and hands it to the recording.
   *
   * @param name the phase, as in the metric {@code time/NAME}
   * @param step the step it belongs to
   */
  public void finish(String name, long step) {
    end();
    this.name = name;
    this.step = step;
    commit();
  }

  /** Holds the type apart, so that Flight Recorder is not loaded while no recording runs. */
  private static final class Type {
    static final EventType EVENT = EventType.getEventType(PhaseEvent.class);
  }
}
