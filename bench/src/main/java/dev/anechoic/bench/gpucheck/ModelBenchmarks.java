package dev.anechoic.bench.gpucheck;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.sample.SampleRequest;
import dev.anechoic.model.sample.SampleSettings;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.train.TrainStep;
import dev.anechoic.model.transformer.Flops;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Preset;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Part 4, models: tokens per second of training and of sampling. */
final class ModelBenchmarks {
  private static final long SEED = 1;
  private static final int STREAM = 92;

  private final Backend backend;
  private final Size size;
  private final Ceilings ceilings;
  private final Report report;

  ModelBenchmarks(Backend backend, Size size, Ceilings ceilings, Report report) {
    this.backend = backend;
    this.size = size;
    this.ceilings = ceilings;
    this.report = report;
  }

  /** Forward, backward, clip and AdamW on random tokens, one pass per step. */
  void training() {
    report.section("Training");
    report.header("model", "tokens/s", "share of the matmul ceiling (MFU)");
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Size.Load load : size.training()) {
      try {
        rows.add(train(load));
      } catch (RuntimeException e) {
        report.fail("training " + load.name() + ": " + e.getMessage());
      }
    }
    report.put("training", rows);
  }

  private Map<String, Object> train(Size.Load load) {
    ModelConfig config = Preset.named(load.preset()).config(load.vocabulary(), load.time());
    MemoryLedger ledger = new MemoryLedger();
    int tokens = load.batch() * load.time();
    int[] inputs = tokens(tokens, load.vocabulary(), 0);
    int[] targets = tokens(tokens, load.vocabulary(), 1);
    try (Transformer model = new Transformer(config, backend, ledger)) {
      model.parameters().initialize(SEED);
      try (AdamW optimizer = new AdamW(model.parameters(), Config.defaults(AdamW.Settings.class));
          TrainStep step = new TrainStep(model, optimizer, load.batch(), ledger)) {
        double seconds =
            perCall(() -> {
              step.run(inputs, targets, load.batch(), load.time(), 1e-4);
            });
        double rate = tokens / seconds;
        double mfu = rate * Flops.trainPerToken(config, load.time()) / ceilings.flopsPerSecond();
        report.speed("training " + load.name(), rate);
        report.row(load.name(), "%,.0f".formatted(rate), "%.1f %%".formatted(100 * mfu));
        return row(load, rate, Map.of("mfu", mfu));
      }
    }
  }

  /** Prompts of half of the length; none stops early. Counts drawn tokens over the whole time. */
  void rollouts() {
    report.section("Rollouts");
    report.header("model", "drawn tokens/s");
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Size.Load load : size.rollouts()) {
      try {
        rows.add(rollout(load));
      } catch (RuntimeException e) {
        report.fail("rollout " + load.name() + ": " + e.getMessage());
      }
    }
    report.put("rollouts", rows);
  }

  private Map<String, Object> rollout(Size.Load load) {
    ModelConfig config = Preset.named(load.preset()).config(load.vocabulary(), load.time());
    MemoryLedger ledger = new MemoryLedger();
    int prompt = load.time() / 2;
    int drawn = load.time() - prompt;
    List<SampleRequest> requests = new ArrayList<>();
    for (int b = 0; b < load.batch(); b++) {
      requests.add(new SampleRequest(b, tokens(prompt, load.vocabulary(), 2 + b)));
    }
    SampleSettings settings = SampleSettings.of(1, drawn, -1, SEED);
    try (Transformer model = new Transformer(config, backend, ledger)) {
      model.parameters().initialize(SEED);
      try (Sampler sampler = new Sampler(model, load.batch(), load.time(), ledger)) {
        double seconds = perCall(() -> sampler.sample(requests, settings));
        double rate = (double) load.batch() * drawn / seconds;
        report.speed("rollout " + load.name(), rate);
        report.row(load.name(), "%,.0f".formatted(rate));
        return row(load, rate, Map.of());
      }
    }
  }

  private static int[] tokens(int count, int vocabulary, int row) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = Philox.below(vocabulary, SEED, STREAM, 0, row, i);
    }
    return tokens;
  }

  /** Seconds of one call, the best of some rounds after a round of warm-up. */
  private double perCall(Runnable call) {
    Stopwatch.checkTime();
    call.run();
    call.run(); // the second one records what the first one made room for
    backend.synchronize();
    double best = Double.MAX_VALUE;
    long until = System.nanoTime() + (long) (size.seconds() * 1e9);
    do {
      Stopwatch.checkTime();
      long start = System.nanoTime();
      call.run();
      backend.synchronize();
      best = Math.min(best, (System.nanoTime() - start) / 1e9);
    } while (System.nanoTime() < until);
    return best;
  }

  private static Map<String, Object> row(Size.Load load, double rate, Map<String, Double> more) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("model", load.name());
    row.put("tokens_per_second", rate);
    row.putAll(more);
    return row;
  }
}
