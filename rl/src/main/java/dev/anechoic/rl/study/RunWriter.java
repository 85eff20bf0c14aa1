package dev.anechoic.rl.study;

import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.rl.algorithm.Trainer.StepResult;
import dev.anechoic.rl.algorithm.Trajectory;
import dev.anechoic.rl.runfolder.JsonLines;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.rl.runfolder.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes the steps of RL into a run folder. */
final class RunWriter implements AutoCloseable {
  /** Completions kept per step, from the start of the rollout, whole groups. */
  private static final int SAMPLES_PER_STEP = 24;

  private final Tokenizer tokenizer;
  private final JsonLines.Appender metrics;
  private final JsonLines.Appender samples;

  RunWriter(RunFolder folder, Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    metrics = new JsonLines.Appender(folder.file(RunFolder.METRICS));
    samples = new JsonLines.Appender(folder.file(RunFolder.SAMPLES));
  }

  void step(int step, StepResult result, Map<String, Double> more) {
    metrics.append(json -> {
      json.writeStartObject();
      json.writeNumberField("step", step);
      json.writeStringField("stage", "rl");
      for (Map.Entry<String, Double> entry : result.metrics().entrySet()) {
        json.writeNumberField(entry.getKey(), entry.getValue());
      }
      for (Map.Entry<String, Double> entry : more.entrySet()) {
        json.writeNumberField(entry.getKey(), entry.getValue());
      }
      json.writeEndObject();
    });
    List<Trajectory> rollout = result.rollout();
    for (Trajectory t : rollout.subList(0, Math.min(SAMPLES_PER_STEP, rollout.size()))) {
      samples.append(sample(step, t)::write);
    }
  }

  private Sample sample(int step, Trajectory t) {
    List<String> tokens = new ArrayList<>(t.length());
    for (int i = 0; i < t.length(); i++) {
      tokens.add(tokenizer.decode(t.tokens, i, i + 1));
    }
    return new Sample(
        id(step, t),
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

  /** The name of a completion in a run, to which the ledger points. */
  static String id(int step, Trajectory t) {
    return "s" + step + "-p" + t.prompt + "-g" + t.sample;
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }

  @Override
  public void close() {
    samples.close();
    metrics.close();
  }
}
