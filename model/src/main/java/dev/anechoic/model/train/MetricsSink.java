package dev.anechoic.model.train;

import java.util.Map;

/** Takes the metrics of a step. */
@FunctionalInterface
public interface MetricsSink {
  /**
   * @param step steps taken
   * @param values by key, such as {@code optim/lr}
   */
  void log(long step, Map<String, Double> values);

  /** A sink for a caller that wants none. */
  static MetricsSink none() {
    return (step, values) -> {};
  }
}
