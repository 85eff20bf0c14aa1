package dev.anechoic.bench.gpucheck;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.train.TrainStep;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Preset;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Part 3: a model trained on a device and on the CPU, from the same weights on the same tokens. The
 * text is a chain that can be learnt in part: the next token follows from the last one, but for one
 * in four, which is random.
 */
final class LossCheck {
  private static final int VOCABULARY = 256;
  private static final int BATCH = 16;
  private static final int TIME = 64;
  private static final double LR = 1e-3;
  private static final long SEED = 7;
  private static final int STREAM = 91;
  private static final int WINDOW = 20;

  /**
   * Largest relative difference of the mean loss over {@link #WINDOW} steps. Rounding operands to
   * bf16 moves single losses by some 2^-9, and the paths of the weights part slowly.
   */
  private static final double TOLERANCE_BF16 = 0.02;

  private static final double TOLERANCE_F32 = 0.002;

  private final Report report;

  LossCheck(Report report) {
    this.report = report;
  }

  void run(String backendName, Size size) {
    ModelConfig config = Preset.named(size.lossPreset()).config(VOCABULARY, TIME);
    double[] device = losses(backendName, config, size.lossSteps());
    double[] cpu = losses("cpu", config, size.lossSteps());
    boolean bf16 = GpuCheck.roundsOperands(backendName);
    double tolerance = bf16 ? TOLERANCE_BF16 : TOLERANCE_F32;
    double worst = 0;
    for (int from = 0; from < cpu.length; from += WINDOW) {
      double expected = mean(cpu, from);
      worst = Math.max(worst, Math.abs(mean(device, from) - expected) / expected);
    }
    report.section("Training loss against the CPU");
    report.note(
        "%s, %d steps of %d tokens: %.4f to %.4f nats, on the CPU %.4f to %.4f"
            .formatted(
                size.lossPreset(),
                cpu.length,
                BATCH * TIME,
                device[0],
                device[device.length - 1],
                cpu[0],
                cpu[cpu.length - 1]));
    report.note(
        "largest difference of the mean over %d steps: %.3g %%, allowed %.3g %%"
            .formatted(WINDOW, 100 * worst, 100 * tolerance));
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("device", Arrays.stream(device).boxed().toList());
    json.put("cpu", Arrays.stream(cpu).boxed().toList());
    json.put("worst_relative_difference", worst);
    json.put("tolerance", tolerance);
    report.put("loss", json);
    if (!(worst <= tolerance)) {
      report.fail("training loss: %.3g %% from the CPU's".formatted(100 * worst));
    }
  }

  private static double mean(double[] values, int from) {
    double sum = 0;
    int to = Math.min(values.length, from + WINDOW);
    for (int i = from; i < to; i++) {
      sum += values[i];
    }
    return sum / (to - from);
  }

  private static double[] losses(String backendName, ModelConfig config, int steps) {
    MemoryLedger ledger = new MemoryLedger();
    double[] losses = new double[steps];
    try (Backend backend = Backends.open(backendName, BackendOptions.DEFAULT).backend();
        Transformer model = new Transformer(config, backend, ledger)) {
      model.parameters().initialize(SEED);
      try (AdamW optimizer = new AdamW(model.parameters(), Config.defaults(AdamW.Settings.class));
          TrainStep train = new TrainStep(model, optimizer, BATCH, ledger)) {
        int[] inputs = new int[BATCH * TIME];
        int[] targets = new int[BATCH * TIME];
        for (int step = 0; step < steps; step++) {
          Stopwatch.checkTime();
          draw(step, inputs, targets);
          train.run(inputs, targets, BATCH, TIME, LR);
          losses[step] = train.loss();
        }
      }
    }
    return losses;
  }

  private static void draw(int step, int[] inputs, int[] targets) {
    for (int row = 0; row < BATCH; row++) {
      int token = Philox.below(VOCABULARY, SEED, STREAM, step, row, 0);
      for (int t = 0; t < TIME; t++) {
        boolean random = Philox.below(4, SEED, STREAM + 1, step, row, t) == 0;
        int drawn = Philox.below(VOCABULARY, SEED, STREAM, step, row, t + 1);
        int next = random ? drawn : (5 * token + 3) % VOCABULARY;
        inputs[row * TIME + t] = token;
        targets[row * TIME + t] = next;
        token = next;
      }
    }
  }
}
