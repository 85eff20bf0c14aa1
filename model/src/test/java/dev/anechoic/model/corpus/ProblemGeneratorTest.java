package dev.anechoic.model.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.problem.Noise;
import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Problem;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ProblemGeneratorTest {

  private static final int PROBLEMS = 4_000;
  private static final GeneratorConfig STANDARD = GeneratorConfig.standard(1);

  private static List<Problem> training(GeneratorConfig config, int count) {
    ProblemGenerator generator = new ProblemGenerator(config);
    return IntStream.range(0, count).mapToObj(generator::training).toList();
  }

  /** The hash changes only when the generator is changed on purpose: every corpus changes then. */
  @Test
  void aSeedNamesTheProblemsForGood() {
    StringBuilder all = new StringBuilder();
    for (Problem problem : training(STANDARD, 1_000)) {
      all.append(problem.questionText()).append('\n').append(problem.solutionText(true));
    }
    assertEquals(
        "0d2f95b8aebb4c46",
        Hashing.sha256(all.toString().getBytes(StandardCharsets.UTF_8)).substring(0, 16));
  }

  @Test
  void aProblemDependsOnItsNumberOnly() {
    Problem alone = new ProblemGenerator(STANDARD).training(777);
    assertEquals(training(STANDARD, 778).get(777), alone);
    assertNotEquals(new ProblemGenerator(STANDARD.withSeed(2)).training(777), alone);
  }

  @Test
  void everyValueIsWholePositiveAndWithinTheDials() {
    for (GeneratorConfig config : List.of(STANDARD, GeneratorConfig.compact(1))) {
      for (Problem problem : training(config, PROBLEMS)) {
        assertEquals(0, problem.gold().compareTo(problem.result()));
        for (BigDecimal value : problem.results()) {
          int whole = value.intValueExact();
          assertTrue(whole >= 1 && whole <= config.largestValue(), problem::questionText);
        }
        for (BigDecimal given : problem.givens()) {
          int whole = given.intValueExact();
          assertTrue(whole >= 2 && whole <= config.largest(), problem::questionText);
        }
      }
    }
  }

  @Test
  void theQuestionStatesEveryGivenNumber() {
    for (Problem problem : training(STANDARD, PROBLEMS)) {
      String question = " " + problem.questionText().toLowerCase(Locale.ROOT).replace('.', ' ');
      for (BigDecimal given : problem.givens()) {
        boolean digits = question.contains(" " + given + " ");
        boolean word = question.contains(" " + NumberStyle.WORD.text(given) + " ");
        assertTrue(digits || word, () -> given + " in " + problem.questionText());
      }
    }
  }

  @Test
  void numbersOfStepsFollowTheirWeights() {
    int[] counts = new int[GeneratorConfig.MOST_STEPS + 1];
    training(STANDARD, PROBLEMS).forEach(p -> counts[p.steps().size()]++);
    for (int steps = 1; steps <= GeneratorConfig.MOST_STEPS; steps++) {
      double expected = STANDARD.stepWeights().get(steps - 1) * PROBLEMS;
      assertEquals(expected, counts[steps], 5 * Math.sqrt(expected), steps + " steps");
    }
  }

  @Test
  void evaluationProblemsAreInNoCorpus() {
    Set<String> heldOut = new HashSet<>();
    ProblemGenerator evaluation = new ProblemGenerator(STANDARD);
    IntStream.range(0, 1_000).forEach(i -> heldOut.add(evaluation.evaluation(i).canonicalForm()));
    for (long seed = 1; seed <= 3; seed++) {
      for (Problem problem : training(STANDARD.withSeed(seed), PROBLEMS)) {
        assertFalse(heldOut.contains(problem.canonicalForm()), problem::canonicalForm);
      }
    }
  }

  @Test
  void aFifthOfTheProblemsHasATrapWhoseMisreadingGivesAnotherNumber() {
    List<Problem> trapped = training(STANDARD, PROBLEMS).stream().filter(Noise::hasTrap).toList();
    assertEquals(0.21, trapped.size() / (double) PROBLEMS, 0.03);
    long different =
        trapped.stream().filter(p -> Noise.misread(p).result().compareTo(p.gold()) != 0).count();
    // half of 4 is 4 - 2, and 2 to each of 2 is 2 + 2.
    assertTrue(different > 0.97 * trapped.size(), different + " of " + trapped.size());
  }

  @Test
  void questionsAreShortAndManifold() {
    List<Problem> problems = training(STANDARD, PROBLEMS);
    double tokens =
        problems.stream().mapToInt(p -> words(p.questionText())).average().orElseThrow();
    assertEquals(31, tokens, 3);
    assertTrue(problems.stream().allMatch(p -> words(p.questionText()) <= 90));
    assertTrue(problems.stream().map(Problem::family).distinct().count() > 300);
    assertTrue(problems.stream().map(Problem::questionText).distinct().count() > 0.98 * PROBLEMS);
  }

  /** Words, digits and signs, each one token. */
  private static int words(String text) {
    return text.replaceAll("[A-Za-z]+", "w").replace(" ", "").length();
  }

  @Test
  void dialsThatLeaveNoRoomAreRefused() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new GeneratorConfig(1, List.of(1.0), 2, 40, 9, 50, 0, 0, 0, 0));
    assertTrue(e.getMessage().contains("largestValue must be at least"), e.getMessage());
    assertThrows(
        UserError.class,
        () ->
            new ProblemGenerator(new GeneratorConfig(1, List.of(1.0), 2, 40, 9, 400, 0, 0, 0, 0))
                .evaluation(0));
  }
}
