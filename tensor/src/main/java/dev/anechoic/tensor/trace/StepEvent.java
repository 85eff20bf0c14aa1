package dev.anechoic.tensor.trace;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** One step of pretraining or RL. */
@Name("anechoic.Step")
@Label("Step")
@Category("Anechoic")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // the flight recorder reads the fields
public final class StepEvent extends Event {

  @Label("Stage")
  private String stage = "";

  @Label("Step")
  private long step;

  @Label("Tokens")
  private long tokens;

  private StepEvent() {}

  /** A started event, or null while no recording wants it. */
  public static @Nullable StepEvent start() {
    if (!FlightRecorder.isInitialized() || !Type.EVENT.isEnabled()) {
      return null;
    }
    StepEvent event = new StepEvent();
    event.begin();
    return event;
  }

  /**
   * Ends the event and hands it to the recording.
   *
   * @param stage {@code pretrain} or {@code rl}
   * @param step the step
   * @param tokens tokens sampled and trained in it
   */
  public void finish(String stage, long step, long tokens) {
    end();
    this.stage = stage;
    this.step = step;
    this.tokens = tokens;
    commit();
  }

  /** Holds the type apart, so that Flight Recorder is not loaded while no recording runs. */
  private static final class Type {
    static final EventType EVENT = EventType.getEventType(StepEvent.class);
  }
}
