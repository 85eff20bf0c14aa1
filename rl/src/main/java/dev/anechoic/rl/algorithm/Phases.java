package dev.anechoic.rl.algorithm;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.trace.PhaseEvent;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The clock of a step: seconds and operations per phase, and an event per phase for a recording.
 * One phase runs at a time; starting the next ends the last. A device is waited for at each border.
 */
public final class Phases {
  private final Backend backend;
  private final Map<String, Double> seconds = new LinkedHashMap<>();
  private final Map<String, Double> flops = new LinkedHashMap<>();
  private long step;
  private long since;
  private @Nullable String running;
  private @Nullable PhaseEvent event;

  public Phases(Backend backend) {
    this.backend = backend;
  }

  /** Begins a step with all clocks at 0. */
  public void step(long number) {
    end();
    step = number;
    seconds.clear();
    flops.clear();
  }

  /** Ends the running phase and starts this one; a phase may run several times in a step. */
  public void start(String phase) {
    end();
    event = PhaseEvent.start();
    running = phase;
    since = System.nanoTime();
  }

  /** Adds floating-point operations to a phase of this step. */
  public void count(String phase, double operations) {
    flops.merge(phase, operations, Double::sum);
  }

  /** Counts a pass forward, and the pass backward that follows at twice its cost. */
  public void trained(double forward) {
    count("forward", forward);
    count("backward", 2 * forward);
  }

  /** Ends the running phase, if one runs. */
  public void end() {
    if (running == null) {
      return;
    }
    backend.synchronize();
    seconds.merge(running, (System.nanoTime() - since) * 1e-9, Double::sum);
    if (event != null) {
      event.finish(running, step);
    }
    running = null;
    event = null;
  }

  /** Seconds per phase of this step, in order of first use. */
  public Map<String, Double> seconds() {
    return seconds;
  }

  /** Floating-point operations per phase of this step; phases of none are absent. */
  public Map<String, Double> flops() {
    return flops;
  }

  /** Floating-point operations of all phases together. */
  public double totalFlops() {
    return flops.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  /** Seconds of all phases together. */
  public double total() {
    return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
  }
}
