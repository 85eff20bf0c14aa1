package dev.anechoic.bench.peers;

import dev.anechoic.bench.peer.Peer.Prepared;
import dev.anechoic.bench.peer.Work;
import dev.anechoic.model.transformer.ModelConfig;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A step of PPO in libtorch, as a PyTorch program has it: sample, log-probs under the reference,
 * old log-probs and values by the policy, then an epoch of clipped updates with a value loss on a
 * linear head. Rewards are random, since a verifier is no work of the library; the advantage is the
 * whitened difference of reward and value.
 */
final class TorchPpo implements Prepared {
  private static final double CLIP = 0.2;

  /** Sequences per pass where nothing is recorded, and where a gradient is. */
  private static final int SCORE_ROWS = 64;

  private final Work.Ppo work;
  private final TorchModel policy;
  private final TorchModel reference;
  private final Tensor valueHead; // [1,C]
  private final TensorVector parameters;
  private final AdamW optimizer;
  private final TorchSampler sampler;
  private final Tensor prompts; // [B,P]
  private double rolloutSeconds;
  private double referenceSeconds;
  private double valueSeconds;
  private double updateSeconds;
  private int steps;

  TorchPpo(Work.Ppo work) {
    this.work = work;
    ModelConfig config = work.preset().config(work.vocab(), work.prompt() + work.newTokens());
    policy = new TorchModel(config);
    reference = new TorchModel(config);
    valueHead = TorchModel.parameter(1, config.channels(), 1e-2);
    parameters = policy.parameters();
    parameters.push_back(valueHead);
    AdamWOptions options = new AdamWOptions(1e-4);
    options.betas().put(0.9, 0.95);
    optimizer = new AdamW(parameters, options);
    prompts = TorchModel.randomTokens(config, work.completions(), work.prompt());
    sampler = new TorchSampler(policy, prompts, work.newTokens());
  }

  /** Completion-token log-probs [B,N], and values [B,N] where a head is given. */
  private record Scores(Tensor logprobs, Tensor values) {}

  private Scores score(TorchModel model, Tensor ids, Tensor drawn) {
    // The states that chose the completion tokens: from the last of the prompt on.
    Tensor states =
        model
            .hidden(ids.narrow(1, 0, ids.size(1) - 1))
            .narrow(1, work.prompt() - 1, work.newTokens());
    Tensor logs = torch.log_softmax(model.logits(states), -1);
    Tensor logprobs = logs.gather(2, drawn.unsqueeze(2)).squeeze(2);
    Tensor values = torch.linear(states.detach(), valueHead).squeeze(2);
    return new Scores(logprobs, values);
  }

  @Override
  public void run() {
    try (PointerScope scope = new PointerScope()) {
      long start = System.nanoTime();
      sampler.sample();
      Tensor ids = torch.cat(new TensorVector(prompts, sampler.drawn()), 1);
      long sampled = System.nanoTime();
      scoreAll(reference, ids);
      long referred = System.nanoTime();
      Scores old = scoreAll(policy, ids);
      Tensor rewards = torch.randn(work.completions(), 1);
      Tensor raw = rewards.sub(old.values);
      Tensor advantages = raw.sub(raw.mean()).div(raw.std(true).add(new Scalar(1e-8)));
      long valued = System.nanoTime();
      int rows = work.completions() / Work.Ppo.MINIBATCHES;
      for (int row = 0; row < work.completions(); row += rows) {
        update(
            ids.narrow(0, row, rows),
            sampler.drawn().narrow(0, row, rows),
            old.logprobs.narrow(0, row, rows),
            advantages.narrow(0, row, rows),
            rewards.narrow(0, row, rows));
      }
      long updated = System.nanoTime();
      rolloutSeconds += (sampled - start) / 1e9;
      referenceSeconds += (referred - sampled) / 1e9;
      valueSeconds += (valued - referred) / 1e9;
      updateSeconds += (updated - valued) / 1e9;
      steps++;
    }
  }

  private Scores scoreAll(TorchModel model, Tensor ids) {
    TensorVector logprobs = new TensorVector();
    TensorVector values = new TensorVector();
    try (NoGradGuard guard = new NoGradGuard()) {
      for (int row = 0; row < work.completions(); row += SCORE_ROWS) {
        Scores part =
            score(
                model, ids.narrow(0, row, SCORE_ROWS), sampler.drawn().narrow(0, row, SCORE_ROWS));
        logprobs.push_back(part.logprobs);
        values.push_back(part.values);
      }
      return new Scores(torch.cat(logprobs, 0), torch.cat(values, 0));
    }
  }

  private void update(
      Tensor ids, Tensor drawn, Tensor oldLogprobs, Tensor advantages, Tensor returns) {
    optimizer.zero_grad();
    try (PointerScope scope = new PointerScope()) {
      Scores now = score(policy, ids, drawn);
      Tensor ratio = now.logprobs.sub(oldLogprobs).exp();
      Tensor clipped =
          torch.clamp(
              ratio,
              new org.bytedeco.pytorch.ScalarOptional(new Scalar(1 - CLIP)),
              new org.bytedeco.pytorch.ScalarOptional(new Scalar(1 + CLIP)));
      Tensor policyLoss = torch.min(ratio.mul(advantages), clipped.mul(advantages)).mean().neg();
      Tensor valueLoss = now.values.sub(returns).square().mean();
      policyLoss.add(valueLoss).backward();
      torch.clip_grad_norm_(parameters, 1.0);
      optimizer.step();
    }
  }

  /** Seconds per step of the parts, over the steps so far. */
  @Override
  public String configuration() {
    return String.format(
        java.util.Locale.ROOT,
        "seconds for rollout %.2f, reference %.2f, old log-probs and values %.2f, update %.2f",
        rolloutSeconds / steps,
        referenceSeconds / steps,
        valueSeconds / steps,
        updateSeconds / steps);
  }
}
