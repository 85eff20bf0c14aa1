package dev.anechoic.bench;

import dev.anechoic.model.sample.SampleRequest;
import dev.anechoic.model.sample.SampleSettings;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.train.PeakRate;
import dev.anechoic.model.transformer.Flops;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code anechoic bench rollout}: prefill and decoding of a batch of different prompts, none of
 * which stops early. The rate counts drawn tokens only, over the time of both.
 */
@Command(
    name = "rollout",
    mixinStandardHelpOptions = true,
    description = "Measures sampling: drawn tokens per second, share of peak, bytes allocated.")
final class RolloutBench implements Runnable {
  private static final int STREAM = 90;

  @Mixin private ModelOptions options;

  @Option(
      names = "--batch",
      defaultValue = "256",
      description = "sequences that grow at once (default: ${DEFAULT-VALUE})")
  private int batch;

  @Option(
      names = "--prompt",
      defaultValue = "32",
      description = "tokens per prompt (default: ${DEFAULT-VALUE})")
  private int prompt;

  @Option(
      names = {"--new-tokens", "--context"},
      defaultValue = "64",
      description = "tokens drawn per sequence (default: ${DEFAULT-VALUE})")
  private int newTokens;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  RolloutBench() {}

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    ModelConfig config = options.config(prompt + newTokens);
    MemoryLedger ledger = new MemoryLedger();
    List<SampleRequest> requests = requests(config.vocabSize());
    SampleSettings settings = SampleSettings.of(1, newTokens, -1, ModelOptions.SEED);
    try (Backend backend = options.open(out);
        Transformer model = new Transformer(config, backend, ledger)) {
      model.parameters().initialize(ModelOptions.SEED);
      try (Sampler sampler = new Sampler(model, batch, prompt + newTokens, ledger)) {
        Rounds rounds =
            Rounds.measure(
                () -> sampler.sample(requests, settings), options.warmupSeconds, options.seconds);
        double peak = PeakRate.measure(backend); // after the run: its kernels are compiled
        double drawn = (double) batch * newTokens;
        Row row =
            new Row(
                "rollout",
                "%s %d sequences, prompt %d, new %d, threads %d"
                    .formatted(options.preset(), batch, prompt, newTokens, backend.threads()),
                drawn / rounds.median(),
                drawn / rounds.best(),
                "tokens/s",
                flops(config),
                flops(config) / rounds.median() / peak,
                rounds.allocatedBytes() / newTokens);
        row.print(out);
        Row.write(options.json, List.of(row));
      }
    }
  }

  /** Of the whole batch. */
  private double flops(ModelConfig config) {
    int prefix = prompt - 1; // the last prompt token is read by the first draw
    double sum = prefix * (Flops.trunkPerToken(config, prefix) - Flops.lastBlockTail(config));
    for (int i = 0; i < newTokens; i++) {
      sum += Flops.decode(config, prompt + i - 1);
    }
    return batch * sum;
  }

  private List<SampleRequest> requests(int vocabSize) {
    List<SampleRequest> requests = new ArrayList<>();
    for (int b = 0; b < batch; b++) {
      int[] tokens = new int[prompt];
      for (int i = 0; i < prompt; i++) {
        tokens[i] = Philox.below(vocabSize, ModelOptions.SEED, STREAM, 2, b, i);
      }
      requests.add(new SampleRequest(b, tokens));
    }
    return requests;
  }
}
