package dev.anechoic.model.corpus;

import dev.anechoic.model.UserError;
import dev.anechoic.model.problem.Draws;
import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Problem;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Makes grade-school word problems of 1 to 5 steps about people and things.
 *
 * <p>Every number in the text is traced, so that any format can be rendered and any step can be
 * made wrong on purpose. All values are whole and positive. A problem depends on the dials and its
 * number only.
 */
public final class ProblemGenerator implements ProblemSource {

  private static final int TRAINING_STREAM = 0x5452414E; // "TRAN"
  private static final int EVALUATION_STREAM = 0x4556414C; // "EVAL"
  private static final int ATTEMPTS = 10_000;
  private static final int HASH_RANGE = 1 << 20;

  private final GeneratorConfig config;
  private final String prefix;

  public ProblemGenerator(GeneratorConfig config) {
    this.config = config;
    this.prefix = "gen" + config.seed() + "-";
  }

  @Override
  public ProblemSource withDialsOf(FormatDials dials) {
    return new ProblemGenerator(dials.applyTo(config));
  }

  @Override
  public Problem training(long index) {
    return find(TRAINING_STREAM, index, false, prefix + index);
  }

  @Override
  public Problem evaluation(long index) {
    if (config.heldOutShare() == 0) {
      throw UserError.what("Nothing is held out for evaluation")
          .where("generator.held_out_share")
          .got("0")
          .remedy("Raise it, for example to 0.05, or ask for no evaluation problems.");
    }
    return find(EVALUATION_STREAM, index, true, prefix + "eval-" + index);
  }

  /**
   * Whether a canonical form belongs to evaluation. Does not depend on the seed, so that no corpus
   * holds an evaluation problem of another.
   */
  static boolean isHeldOut(String canonicalForm, double share) {
    int hash = new Draws(0, 0x48454C44, canonicalForm.hashCode()).below(HASH_RANGE);
    return hash < share * HASH_RANGE;
  }

  private Problem find(int stream, long index, boolean heldOut, String id) {
    Draws draws = new Draws(config.seed(), stream, index);
    // Drawn once, so that neither frequency is bent by attempts that fail more often.
    int steps = 1 + draws.weighted(config.stepWeights());
    boolean trap = draws.chance(config.trapShare());
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Story story = new Story(config, draws);
      String name = tell(story, steps, trap);
      if (!name.isEmpty()) {
        Problem problem = story.problem(id, name);
        if (isHeldOut(problem.canonicalForm(), config.heldOutShare()) == heldOut) {
          return problem;
        }
      }
    }
    throw UserError.what("The dials of the generator leave no room for a problem")
        .where("generator")
        .expected("a problem of " + steps + " steps within " + ATTEMPTS + " attempts")
        .got(config)
        .remedy("Widen smallest to largest, or raise largest_value.");
  }

  /** Tells a story of exactly so many steps; gives its name, or an empty one if it failed. */
  private static String tell(Story story, int steps, boolean trap) {
    Draws draws = story.draws;
    Move opening = draws.pick(moves(Move.Kind.OPENING, steps, false));
    if (!opening.tell(story)) {
      return "";
    }
    story.move(opening.name().toLowerCase(Locale.ROOT));
    boolean distract = draws.chance(story.config.distractorShare());
    while (story.steps() < steps) {
      int left = steps - story.steps();
      boolean end = left == 1 && (!trap || story.hasTrap()) && draws.chance(0.4);
      Move move = draws.pick(moves(end ? Move.Kind.END : Move.Kind.EVENT, left, !trap));
      if (end && move.steps == 0) {
        return "";
      }
      if (distract && draws.chance(0.5)) {
        distract(story);
        distract = false;
      }
      if (!move.tell(story)) {
        return "";
      }
      story.move(move.name().toLowerCase(Locale.ROOT));
      if (end) {
        return move == Move.EARNS ? "money" : story.object;
      }
    }
    if (distract) {
      distract(story);
    }
    Move.NOW.tell(story);
    // A single step may leave no room for a trap: such a problem goes without.
    return trap && steps > 1 && !story.hasTrap() ? "" : story.object;
  }

  private static List<Move> moves(Move.Kind kind, int mostSteps, boolean withoutTraps) {
    List<Move> moves = new ArrayList<>(Arrays.asList(Move.values()));
    moves.removeIf(m -> m.kind != kind || m.steps > mostSteps || m.trap && withoutTraps);
    return moves;
  }

  /** A sentence with a number that does not matter. */
  private static void distract(Story story) {
    Draws draws = story.draws;
    int number = draws.between(5, Math.min(20, story.config.largest()));
    boolean word = draws.chance(story.config.wordShare()) && number <= Story.LARGEST_WORD;
    NumberStyle style = word ? NumberStyle.WORD : NumberStyle.DIGITS;
    String digits = style.text(BigDecimal.valueOf(number));
    String sentence =
        draws.pick(
            List.of(
                story.person + " is " + digits + " years old.",
                "It is " + digits + " degrees outside.",
                story.person + " walks " + digits + " miles."));
    story.sayWords(sentence);
  }
}
