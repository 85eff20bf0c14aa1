package dev.anechoic.bench.gpucheck;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.runfolder.Metrics;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.rl.study.Say;
import dev.anechoic.rl.study.Study;
import dev.anechoic.rl.study.StudyConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Part 4, a PPO step by phase: the last of a few steps of a study on a hardly trained model, whose
 * answers go to their limit.
 */
final class PpoStep {
  private static final String PHASE = "time/";

  private final Report report;

  PpoStep(Report report) {
    this.report = report;
  }

  private static String study(String backend, Size size) {
    boolean tiny = size == Size.SMALL;
    return """
    backend = "%s"
    algorithm = "ppo"
    checkpoint_every = 0
    [corpus]
    unit = "documents"
    block_size = %d
    blocks = 1
    evaluation = 32
    [tokenizer]
    vocab_size = %d
    [models.model]
    tokens = %d
    batch = 8
    micro_batch = 8
    eval_every = 0
    model = { preset = "%s", context_length = 160 }
    [rl]
    steps = %d
    problems = 64
    prompts_per_step = %d
    samples_per_prompt = 4
    max_new_tokens = %d
    [eval]
    problems = 4
    samples = 1
    """
        .formatted(
            backend,
            tiny ? 300 : 2000,
            tiny ? 320 : 512,
            tiny ? 2048 : 65_536,
            size.ppoPreset(),
            tiny ? 1 : 3,
            tiny ? 2 : 64,
            tiny ? 8 : 64);
  }

  void run(String backend, Size size) {
    Path folder = temporary();
    try {
      StudyConfig config = Config.parse(StudyConfig.class, study(backend, size), "gpucheck");
      new Study(
              config,
              folder,
              null,
              new ProblemGenerator(config.corpus().generator()),
              "generated",
              "gpucheck",
              StopSignal.manual(),
              new Say(
                  new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8)))
          .run();
      table(new RunFolder(folder.resolve("model")).metrics("rl"), size);
    } finally {
      delete(folder);
    }
  }

  private void table(Metrics metrics, Size size) {
    int last = metrics.size() - 1;
    Map<String, Object> phases = new LinkedHashMap<>();
    double total = 0;
    for (String key : metrics.keys()) {
      if (key.startsWith(PHASE)) {
        double seconds = metrics.column(key)[last];
        phases.put(key.substring(PHASE.length()), seconds);
        total += seconds;
      }
    }
    report.section("One PPO step of " + size.ppoPreset());
    report.header("phase", "time", "share");
    for (Map.Entry<String, Object> phase : phases.entrySet()) {
      double seconds = (Double) phase.getValue();
      report.row(
          phase.getKey(),
          "%.1f ms".formatted(1e3 * seconds),
          "%.0f %%".formatted(100 * seconds / total));
    }
    report.put("ppo_seconds", phases);
    double mismatch = metrics.column("rollout/logprob_mismatch")[last];
    report.put("ppo_logprob_mismatch", mismatch);
    if (mismatch != 0) {
      report.fail("PPO: sampler and trainer differ by %.3g nats".formatted(mismatch));
    }
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("anechoic-gpucheck-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Deletes a folder with all that is in it. */
  static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
