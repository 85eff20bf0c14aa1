package dev.anechoic.bench;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.train.PeakRate;
import dev.anechoic.model.train.TrainStep;
import dev.anechoic.model.transformer.Flops;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code anechoic bench train}: forward, backward, clip and AdamW on random tokens. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = "Measures training: tokens per second, share of peak, bytes allocated.")
final class TrainBench implements Runnable {
  private static final int STREAM = 90;

  @Mixin private ModelOptions options;

  @Option(
      names = "--batch",
      defaultValue = "64",
      description = "sequences per step (default: ${DEFAULT-VALUE})")
  private int batch;

  @Option(
      names = "--context",
      defaultValue = "96",
      description = "tokens per sequence (default: ${DEFAULT-VALUE})")
  private int context;

  @Option(
      names = "--micro-batch",
      defaultValue = "4",
      description = "sequences per pass (default: ${DEFAULT-VALUE})")
  private int microBatch;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  TrainBench() {}

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    ModelConfig config = options.config(context);
    MemoryLedger ledger = new MemoryLedger();
    int[] inputs = new int[batch * context];
    int[] targets = new int[batch * context];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = Philox.below(config.vocabSize(), ModelOptions.SEED, STREAM, 0, 0, i);
      targets[i] = Philox.below(config.vocabSize(), ModelOptions.SEED, STREAM, 1, 0, i);
    }
    try (Backend backend = options.open(out);
        Transformer model = new Transformer(config, backend, ledger)) {
      model.parameters().initialize(ModelOptions.SEED);
      try (AdamW optimizer = new AdamW(model.parameters(), Config.defaults(AdamW.Settings.class));
          TrainStep step = new TrainStep(model, optimizer, microBatch, ledger)) {
        Rounds rounds =
            Rounds.measure(
                () -> step.run(inputs, targets, batch, context, 1e-3),
                options.warmupSeconds,
                options.seconds);
        double peak = PeakRate.measure(backend); // after the run: its kernels are compiled
        double tokens = (double) batch * context;
        double flops = tokens * Flops.trainPerToken(config, context);
        Row row =
            new Row(
                "train",
                "%s %dx%d vocabulary %d threads %d micro-batch %d"
                    .formatted(
                        options.preset(),
                        batch,
                        context,
                        config.vocabSize(),
                        backend.threads(),
                        microBatch),
                tokens / rounds.median(),
                tokens / rounds.best(),
                "tokens/s",
                flops,
                flops / rounds.median() / peak,
                rounds.allocatedBytes());
        row.print(out);
        Row.write(options.json, List.of(row));
      }
    }
  }
}
