package dev.anechoic.rl.study;

import dev.anechoic.model.metrics.MetricsLog;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.rl.algorithm.Trainer.StepResult;
import dev.anechoic.rl.algorithm.Trajectory;
import dev.anechoic.rl.runfolder.JsonLines;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.rl.runfolder.Sample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the steps of RL into a run folder. */
final class RunWriter implements AutoCloseable {
  /** Completions kept per step, from the start of the rollout, whole groups. */
  private static final int SAMPLES_PER_STEP = 24;

  private final Tokenizer tokenizer;
  private final MetricsLog metrics;
  private final StepPrice price;
  private final JsonLines.Appender samples;

  private RunWriter(
      Tokenizer tokenizer, MetricsLog metrics, StepPrice price, JsonLines.Appender samples) {
    this.tokenizer = tokenizer;
    this.metrics = metrics;
    this.price = price;
    this.samples = samples;
  }

  /** Begins the files, or goes on after {@code done} steps. */
  static RunWriter open(RunFolder folder, Tokenizer tokenizer, int done) {
    Path samples = folder.file(RunFolder.SAMPLES);
    List<Sample> kept =
        done == 0 || !Files.exists(samples)
            ? List.of()
            : Sample.read(samples).stream().filter(s -> s.step() <= done).toList();
    Studies.delete(samples);
    JsonLines.Appender appender = new JsonLines.Appender(samples);
    kept.forEach(sample -> appender.append(sample::write));
    MetricsLog metrics =
        done == 0
            ? MetricsLog.create(folder.path(), "rl")
            : MetricsLog.resume(folder.path(), "rl", done);
    StepPrice price = done == 0 ? new StepPrice() : StepPrice.after(folder.metrics("rl"));
    return new RunWriter(tokenizer, metrics, price, appender);
  }

  /**
   * Writes the metrics of a step, and some of its completions.
   *
   * @param named ids of completions that must be among them
   */
  void step(int step, StepResult result, Map<String, Double> timings, Collection<String> named) {
    Map<String, Double> row = new LinkedHashMap<>(result.metrics());
    price.addTo(row);
    row.putAll(timings);
    metrics.write(step, row);
    List<Trajectory> rollout = result.rollout();
    for (int i = 0; i < rollout.size(); i++) {
      Trajectory t = rollout.get(i);
      if (i < SAMPLES_PER_STEP || named.contains(Sample.id(step, t.prompt, t.sample))) {
        samples.append(sample(step, t)::write);
      }
    }
  }

  private Sample sample(int step, Trajectory t) {
    List<String> tokens = new ArrayList<>(t.length());
    for (int i = 0; i < t.length(); i++) {
      tokens.add(tokenizer.decode(t.tokens, i, i + 1));
    }
    return new Sample(
        Sample.id(step, t.prompt, t.sample),
        step,
        "rl",
        t.promptId,
        t.promptText,
        t.text,
        t.grade.format(),
        t.grade.status(),
        t.grade.verdict(),
        t.reward,
        t.masked() ? Double.NaN : t.advantage(),
        tokens,
        doubles(t.logprobs),
        doubles(t.refLogprobs),
        t.ratios == null ? new double[0] : doubles(t.ratios));
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }

  /** Returns when the metrics are on the disk. */
  void sync() {
    metrics.sync();
  }

  @Override
  public void close() {
    samples.close();
    metrics.close();
  }
}
