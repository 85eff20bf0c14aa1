package dev.anechoic.rl.algorithm;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Hands laid on format selection, to see whether it is what the ledger says it is. */
@Doc("interventions in format selection; PPO and GRPO")
public record Interventions(
    @Doc("format = its own KL coefficient; a format that is not named keeps [kl] coef")
        Map<String, Double> klCoef,
    @Doc("advantages of each format to mean 0 and deviation 1 over the rollout: no format gains")
        @Default("false")
        boolean normaliseAdvantages,
    @Doc("weight of a bonus for the entropy of the formats' shares; below 0 it speeds collapse")
        @Default("0.0")
        double formatEntropyCoef,
    @Doc("what is done to a format between two steps") List<Schedule> schedule) {

  public static final Interventions NONE = new Interventions(Map.of(), false, 0, List.of());

  /** What is done to a format. */
  public enum Action {
    /** Its completions get reward 0: the format is as if it never succeeded. */
    SUPPRESS,
    /** Completions are made to begin with its opening, which is not trained on. */
    FORCE,
    /** Completions are made to begin with its opening, and it is trained on as if chosen. */
    REINJECT
  }

  /** An action on a format from one step to another, both included. */
  @Doc("an action on a format between two steps")
  public record Schedule(
      @Doc("suppress: reward 0; force: opening given; reinject: opening given and trained on")
          Action action,
      @Doc("the format") String format,
      @Doc("first step") @Range(min = 1) int from,
      @Doc("last step") @Range(min = 1) int to,
      @Doc("share of each prompt's completions; of suppress all")
          @Default("1.0")
          @Range(min = 0, max = 1)
          double share) {

    boolean holds(int step) {
      return step >= from && step <= to;
    }
  }

  /** Whether the KL coefficient depends on the format. */
  boolean perFormatKl() {
    return !klCoef.isEmpty();
  }

  /** The KL coefficient of a completion, where {@code common} is everybody's. */
  double klCoef(Trajectory t, double common) {
    return klCoef.getOrDefault(t.grade.format(), common);
  }

  /** Whether completions of the format are paid nothing at this step. */
  boolean suppresses(int step, String format) {
    return schedule.stream()
        .anyMatch(s -> s.action == Action.SUPPRESS && s.holds(step) && s.format.equals(format));
  }

  /**
   * Who gives the g-th of G completions of a prompt its opening; null for nobody. The first
   * schedule takes the first completions, the next one those behind.
   */
  @Nullable Schedule opening(int step, int g, int samples) {
    int taken = 0;
    for (Schedule s : schedule) {
      if (s.action != Action.SUPPRESS && s.holds(step)) {
        taken += (int) Math.round(s.share * samples);
        if (g < taken) {
          return s;
        }
      }
    }
    return null;
  }

  /** Whether any completion's opening is ever given. */
  public boolean opens() {
    return schedule.stream().anyMatch(s -> s.action != Action.SUPPRESS);
  }

  /**
   * Changes the advantages of a rollout as asked: first each format's to mean 0 and deviation 1,
   * then the entropy bonus {@code coef (−ln p_f − H_F)}, the score-function form of {@code coef
   * ∇H_F}.
   */
  void adjust(List<Trajectory> rollout, List<String> formats) {
    if (normaliseAdvantages) {
      FormatCredit.normalise(rollout);
    }
    if (formatEntropyCoef != 0) {
      FormatCredit.addEntropyBonus(rollout, formats, formatEntropyCoef);
    }
  }

  /**
   * Refuses names that are no formats of the study, and steps in the wrong order.
   *
   * @throws UserError for the first of them
   */
  public Interventions checked(List<String> formats) {
    klCoef.keySet().forEach(format -> check(format, "kl_coef", formats));
    for (Schedule s : schedule) {
      check(s.format, "schedule", formats);
      if (s.from > s.to) {
        throw UserError.what("The schedule ends before it begins")
            .where("[[interventions.schedule]] of " + s.format)
            .expected("from at most to")
            .got(s.from + " to " + s.to)
            .remedy("Swap the two, or correct one.");
      }
    }
    return this;
  }

  private static void check(String format, String key, List<String> formats) {
    if (!formats.contains(format)) {
      throw UserError.what("An intervention names a format that is not in the mixture")
          .where("[interventions] " + key)
          .expected("one of " + String.join(", ", formats))
          .got(format)
          .remedy("Correct the name, or add the format to [corpus.formats].");
    }
  }
}
