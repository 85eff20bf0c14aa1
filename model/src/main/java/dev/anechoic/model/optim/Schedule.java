package dev.anechoic.model.optim;

/**
 * The learning rate over the steps: a linear rise from 0 during warm-up, then a fall to {@code
 * finalFraction} of the peak at the last step.
 *
 * @param kind how it falls
 * @param peak largest learning rate
 * @param warmupSteps steps of the rise
 * @param totalSteps steps in all
 * @param finalFraction learning rate at the end over that at the peak
 */
public record Schedule(
    Kind kind, double peak, long warmupSteps, long totalSteps, double finalFraction) {

  /** Shape of the fall. */
  public enum Kind {
    /** Half a cosine wave; Loshchilov and Hutter, SGDR (2017), without restarts. */
    COSINE,
    /** A straight line. */
    LINEAR,
    /** No fall. */
    CONSTANT
  }

  /** The learning rate of a step, counted from 1. */
  public double lr(long step) {
    if (step <= warmupSteps) {
      return peak * step / warmupSteps;
    }
    long length = Math.max(1, totalSteps - warmupSteps);
    double progress = Math.min(1, (double) (step - warmupSteps) / length);
    double share =
        switch (kind) {
          case COSINE -> (1 + StrictMath.cos(Math.PI * progress)) / 2;
          case LINEAR -> 1 - progress;
          case CONSTANT -> 1;
        };
    return kind == Kind.CONSTANT ? peak : peak * (finalFraction + (1 - finalFraction) * share);
  }
}
