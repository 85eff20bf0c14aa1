package dev.anechoic.model.format;

import dev.anechoic.model.problem.Draws;
import java.math.BigDecimal;
import java.util.Locale;

/** The verified reward, and the control rewards of "Spurious Rewards" (arXiv 2506.10947). */
public final class Rewards {

  private static final int RANDOM_REWARD_STREAM = 0x52455744; // "REWD"

  private Rewards() {}

  /** 1 for a correct answer, in whatever form. */
  public static RewardFunction verified(FormatClassifier classifier) {
    return new Rule("verified", classifier, (_, correct, _, _) -> correct);
  }

  /** 1 for an answer that can be read and is wrong. */
  public static RewardFunction wrong(FormatClassifier classifier) {
    return new Rule("wrong", classifier, (_, correct, answered, _) -> answered && !correct);
  }

  /** 1 with this probability, whatever the completion. */
  public static RewardFunction random(FormatClassifier classifier, long seed, double probability) {
    return new Rule(
        "random",
        classifier,
        (_, _, _, address) -> new Draws(seed, RANDOM_REWARD_STREAM, address).chance(probability));
  }

  /** 1 for a well-formed completion of this format, whatever its answer. */
  public static RewardFunction formatOnly(FormatClassifier classifier, String format) {
    Classification wanted = new Classification(classifier.indexOf(format), Form.WELL_FORMED);
    return new Rule(
        "format_" + format.toLowerCase(Locale.ROOT),
        classifier,
        (classification, _, _, _) -> classification.equals(wanted));
  }

  private interface Test {
    boolean rewarded(
        Classification classification, boolean correct, boolean answered, long address);
  }

  private record Rule(String name, FormatClassifier classifier, Test test)
      implements RewardFunction {

    @Override
    public Scored score(String completion, BigDecimal gold, int step, int sample) {
      Classification classification = classifier.classify(completion);
      Verification verification = classifier.verify(completion, classification, gold);
      boolean correct = verification.verdict() == Verdict.CORRECT;
      boolean answered = verification.answer() != null;
      long address = (long) step << 32 | sample & 0xFFFFFFFFL;
      boolean rewarded = test.rewarded(classification, correct, answered, address);
      return new Scored(classification, verification, rewarded ? 1 : 0);
    }
  }
}
