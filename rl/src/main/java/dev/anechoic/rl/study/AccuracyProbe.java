package dev.anechoic.rl.study;

import dev.anechoic.model.format.Format;
import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.sample.SampleRequest;
import dev.anechoic.model.sample.SampleSettings;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.train.Probe;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.RlStreams;
import dev.anechoic.rl.algorithm.Grader;
import dev.anechoic.rl.algorithm.Question;
import dev.anechoic.tensor.MemoryLedger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Follows each format's accuracy during pretraining, its opening forced, at temperature 1, and ends
 * it once one format is strong enough: a base for RL is trained to a strength, not for a number of
 * steps, since the moment at which a model learns to copy numbers varies with the seed.
 */
final class AccuracyProbe implements Probe {
  private static final int SLOTS = 128;

  private final List<Question> questions;
  private final List<Format> formats;
  private final Tokenizer tokenizer;
  private final Grader grader;
  private final int maxNewTokens;
  private final double stopAccuracy;
  private final String stopFormat;
  private final long seed;

  /**
   * @param stopAccuracy accuracy at which {@code stopFormat} ends pretraining; 0 for never
   */
  AccuracyProbe(
      List<Question> questions,
      List<Format> formats,
      Tokenizer tokenizer,
      Grader grader,
      int maxNewTokens,
      double stopAccuracy,
      String stopFormat,
      long seed) {
    this.questions = questions;
    this.formats = formats;
    this.tokenizer = tokenizer;
    this.grader = grader;
    this.maxNewTokens = maxNewTokens;
    this.stopAccuracy = stopAccuracy;
    this.stopFormat = stopFormat;
    this.seed = seed;
  }

  @Override
  public Verdict look(Transformer model, long step) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    try (Sampler sampler =
        new Sampler(model, SLOTS, model.config().contextLength(), new MemoryLedger())) {
      for (Format format : formats) {
        metrics.put("eval/" + format.name() + "/forced", accuracy(sampler, format, step));
      }
    }
    return new Verdict(metrics, stopReason(metrics));
  }

  private double accuracy(Sampler sampler, Format format, long step) {
    int[] opening = Answers.opening(format, tokenizer);
    List<SampleRequest> requests = new ArrayList<>();
    for (int i = 0; i < questions.size(); i++) {
      requests.add(new SampleRequest(i, tokenizer.encode(questions.get(i).prompt()), opening));
    }
    SampleSettings settings =
        new SampleSettings(
            1,
            0,
            1,
            maxNewTokens,
            tokenizer.endToken(),
            seed,
            RlStreams.PROBE,
            Math.toIntExact(step));
    List<Completion> completions = sampler.sample(requests, settings);
    double correct = 0;
    for (int i = 0; i < completions.size(); i++) {
      String answer = Answers.text(completions.get(i), tokenizer);
      correct += grader.grade(answer, questions.get(i).answer(), 0, 0).correct() ? 1 : 0;
    }
    return correct / completions.size();
  }

  private @Nullable String stopReason(Map<String, Double> metrics) {
    Double reached = metrics.get("eval/" + stopFormat + "/forced");
    return stopAccuracy > 0 && reached != null && reached >= stopAccuracy
        ? "accuracy of %s is %.2f, at least %.2f".formatted(stopFormat, reached, stopAccuracy)
        : null;
  }
}
