package dev.anechoic.bench.peers;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Sampling at temperature 1 with a key/value cache in libtorch, and the log-probs of the draws. */
final class TorchSampler {
  private final TorchModel model;
  private final int newTokens;
  private final Tensor prompts; // [B,P]
  private final TorchModel.Cache cache;
  private final Tensor drawn; // I64 [B,N]
  private final Tensor logprobs; // [B,N]

  TorchSampler(TorchModel model, Tensor prompts, int newTokens) {
    this.model = model;
    this.prompts = prompts;
    this.newTokens = newTokens;
    long sequences = prompts.size(0);
    cache = model.cache(sequences, prompts.size(1) + newTokens);
    drawn = TorchModel.randomTokens(model.config(), sequences, newTokens);
    logprobs = torch.zeros(sequences, newTokens);
  }

  Tensor drawn() {
    return drawn;
  }

  Tensor logprobs() {
    return logprobs;
  }

  /** Draws all tokens of all sequences. */
  void sample() {
    try (NoGradGuard guard = new NoGradGuard()) {
      long prompt = prompts.size(1);
      for (int i = 0; i < newTokens; i++) {
        try (PointerScope scope = new PointerScope()) {
          Tensor hidden =
              i == 0
                  ? model.hiddenCached(prompts, cache, 0).select(1, prompt - 1)
                  : model
                      .hiddenCached(drawn.narrow(1, i - 1, 1), cache, prompt + i - 1)
                      .select(1, 0);
          Tensor logs = torch.log_softmax(model.logits(hidden), 1);
          Tensor token = torch.multinomial(logs.exp(), 1);
          drawn.narrow(1, i, 1).copy_(token);
          logprobs.narrow(1, i, 1).copy_(logs.gather(1, token));
        }
      }
    }
  }
}
