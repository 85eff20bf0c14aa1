package dev.anechoic.rl.algorithm;

/**
 * The coefficient of the KL penalty: fixed, or adaptive as in Ziegler et al., "Fine-tuning language
 * models from human preferences" (2019), section 2.2: {@code β += β clip(KL / target - 1, ±0.2) n /
 * horizon}.
 */
public final class KlController {
  private static final double ERROR_CLIP = 0.2; // the paper's

  private final double target;
  private final double horizon;
  private double coef;

  /**
   * @param coef coefficient at the start
   * @param target KL per completion in nats to steer to; 0 keeps the coefficient fixed
   * @param horizon completions over which the coefficient moves by its own size
   */
  public KlController(double coef, double target, double horizon) {
    this.coef = coef;
    this.target = target;
    this.horizon = horizon;
  }

  public double coef() {
    return coef;
  }

  /** Restores the coefficient after a resume. */
  public void setCoef(double value) {
    coef = value;
  }

  /**
   * @param kl mean KL per completion of the step, nats
   * @param completions completions of the step
   */
  public void update(double kl, int completions) {
    if (target > 0) {
      double error = Math.clamp(kl / target - 1, -ERROR_CLIP, ERROR_CLIP);
      coef *= 1 + error * completions / horizon;
    }
  }
}
