package dev.anechoic.tensor.trace;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** One call of one op, forward or backward, on the calling thread. */
@Name("anechoic.Op")
@Label("Op")
@Category("Anechoic")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // the flight recorder reads the fields
public final class OpEvent extends Event {

  @Label("Op")
  private String name = "";

  @Label("Shape")
  private String shape = "";

  @Label("FLOPs")
  private long flops;

  @Label("Bytes")
  @DataAmount
  private long bytes;

  private OpEvent() {}

  /** A started event, or null while no recording wants it. */
  public static @Nullable OpEvent start() {
    if (!FlightRecorder.isInitialized() || !Type.EVENT.isEnabled()) {
      return null;
    }
    OpEvent event = new OpEvent();
    event.begin();
    return event;
  }

  /**
   * Ends the event and hands it to the recording.
   *
   * @param name op and direction, such as {@code matmul} or {@code matmul.backward}
   * @param shape shapes of the inputs, such as {@code [64,96,128]x[128,384]}
   * @param flops floating-point operations of the call, -1 where they depend on the data
   * @param bytes bytes that it reads and writes, -1 where they depend on the data
   */
  public void finish(String name, String shape, long flops, long bytes) {
    end();
    this.name = name;
    this.shape = shape;
    this.flops = flops;
    this.bytes = bytes;
    commit();
  }

  /** Holds the type apart, so that Flight Recorder is not loaded while no recording runs. */
  private static final class Type {
    static final EventType EVENT = EventType.getEventType(OpEvent.class);
  }
}
