package dev.anechoic.model.format;

import java.math.BigDecimal;

/** Scores a completion. Implementations are safe to use from several threads. */
public interface RewardFunction {

  /** Name for metrics and configurations. */
  String name();

  /**
   * Scores one completion.
   *
   * @param gold the right answer
   * @param step of the run, for rewards that are random
   * @param sample within the step, for rewards that are random
   */
  Scored score(String completion, BigDecimal gold, int step, int sample);
}
