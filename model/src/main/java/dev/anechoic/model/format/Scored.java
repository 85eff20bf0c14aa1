package dev.anechoic.model.format;

/**
 * A completion with its class, its verdict and its reward.
 *
 * @param reward 0 or 1; meaningless where {@link #masked}
 */
public record Scored(Classification classification, Verification verification, float reward) {

  /** Whether a fault of ours made the verdict impossible: the sample must leave no trace. */
  public boolean masked() {
    return verification.verdict() == Verdict.ERROR;
  }

  public boolean correct() {
    return verification.verdict() == Verdict.CORRECT;
  }
}
