package dev.anechoic.rl.algorithm;

import dev.anechoic.model.format.Classification;
import dev.anechoic.model.format.Form;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.RewardFunction;
import dev.anechoic.model.format.Scored;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;

/** Reads a completion, and the completion only: its format, its verdict and its reward. */
public final class Grader {
  private final FormatClassifier classifier;
  private final RewardFunction reward;

  public Grader(FormatClassifier classifier, RewardFunction reward) {
    this.classifier = classifier;
    this.reward = reward;
  }

  /** The formats that are told apart, in the study's order. */
  public List<String> formats() {
    return classifier.formats().stream().map(Format::name).toList();
  }

  /**
   * @param completion without its end token
   * @param gold the right answer
   * @param step of the run, and
   * @param sample within it: the address of rewards that are random
   */
  public Grade grade(String completion, BigDecimal gold, int step, int sample) {
    Scored scored = reward.score(completion, gold, step, sample);
    Classification classification = scored.classification();
    boolean mixed = classification.form() == Form.MIXED;
    String vote = scored.verification().vote();
    return new Grade(
        mixed ? "mixed" : classifier.name(classification.format()),
        classification.form().name().toLowerCase(Locale.ROOT),
        scored.verification().verdict().name().toLowerCase(Locale.ROOT),
        vote.isEmpty() ? null : vote,
        scored.masked() ? Float.NaN : scored.reward());
  }
}
