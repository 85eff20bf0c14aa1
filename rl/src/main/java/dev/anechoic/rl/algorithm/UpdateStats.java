package dev.anechoic.rl.algorithm;

import dev.anechoic.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** What the updates of one step were like, averaged over their tokens. */
public final class UpdateStats {
  private final double clipLow;
  private final double clipHigh;
  private long tokens;
  private double policyLoss;
  private double valueLoss;
  private long valueTokens;
  private long clipped;
  private double gradNorm;
  private double lr;
  private int updates;
  private double mismatch;
  private double minibatchKl;
  private long minibatchTokens;

  /** Bounds of the ratio, for the share of clipped tokens. */
  public UpdateStats(double clipLow, double clipHigh) {
    this.clipLow = clipLow;
    this.clipHigh = clipHigh;
  }

  /**
   * Reads one micro-batch back. Also leaves the ratios, and at first sight the entropies, in the
   * trajectories.
   */
  void observe(MicroBatch batch, LossResults results) {
    List<float[]> ratios = batch.split(results.ratio());
    List<float[]> entropies = batch.split(results.entropy());
    List<float[]> now = batch.split(results.logprobs());
    Tensor valueLoss = results.valueLoss();
    for (int s = 0; s < ratios.size(); s++) {
      Trajectory t = batch.sequences().get(s);
      t.ratios = ratios.get(s);
      if (t.entropies.length == 0) {
        t.entropies = entropies.get(s);
      }
      observe(t, ratios.get(s), now.get(s));
    }
    tokens += batch.tokenCount();
    minibatchTokens += batch.tokenCount();
    policyLoss += sum(batch, results.policyLoss());
    if (valueLoss != null) {
      this.valueLoss += sum(batch, valueLoss);
      valueTokens += batch.tokenCount();
    }
  }

  private void observe(Trajectory t, float[] ratios, float[] logprobs) {
    for (int i = 0; i < ratios.length; i++) {
      float a = t.advantages[i];
      boolean high = ratios[i] > 1 + clipHigh && a > 0;
      boolean low = ratios[i] < 1 - clipLow && a < 0;
      clipped += high || low ? 1 : 0;
      double d = (double) logprobs[i] - t.logprobs[i];
      minibatchKl += Math.expm1(d) - d; // k3 of the sampling policy to this one
      if (updates == 0) {
        mismatch = Math.max(mismatch, Math.abs(d));
      }
    }
  }

  private static double sum(MicroBatch batch, Tensor perToken) {
    double sum = 0;
    float[] values = perToken.toFloats();
    for (int i = 0; i < batch.tokenCount(); i++) {
      sum += values[i];
    }
    return sum;
  }

  /** The optimizer has stepped. */
  public void updated(double norm, double learningRate) {
    gradNorm += norm;
    lr = learningRate;
    updates++;
  }

  /** KL of the sampling policy to the one of the last update, nats per token; and starts anew. */
  public double takeMinibatchKl() {
    double kl = minibatchTokens == 0 ? 0 : minibatchKl / minibatchTokens;
    minibatchKl = 0;
    minibatchTokens = 0;
    return kl;
  }

  /** Adds the keys {@code ppo/...}, {@code optim/...} and {@code rollout/logprob_mismatch}. */
  public void addTo(Map<String, Double> metrics) {
    if (tokens > 0) {
      metrics.put("ppo/policy_loss", policyLoss / tokens);
      metrics.put("ppo/clipfrac", (double) clipped / tokens);
      metrics.put("rollout/logprob_mismatch", mismatch);
    }
    if (valueTokens > 0) {
      metrics.put("ppo/value_loss", valueLoss / valueTokens);
    }
    metrics.put("optim/updates", (double) updates);
    if (updates > 0) {
      metrics.put("optim/grad_norm", gradNorm / updates);
      metrics.put("optim/lr", lr);
    }
  }
}
