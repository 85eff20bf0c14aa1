package dev.anechoic.model.problem;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * One step of arithmetic.
 *
 * @param variable name of its value in programs, unique within the problem
 * @param term what is computed
 * @param misreading what someone computes who misunderstands the sentence behind this step, if that
 *     sentence has a known trap
 * @param stated value as the source states it where that may be rounded; null to compute it
 */
public record Step(
    String variable, Term term, @Nullable Term misreading, @Nullable BigDecimal stated) {

  public Step(String variable, Term term) {
    this(variable, term, null, null);
  }

  /** The step with another term; a stated value no longer holds. */
  public Step withTerm(Term other) {
    return new Step(variable, other, misreading, null);
  }
}
