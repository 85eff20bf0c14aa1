package dev.anechoic.model.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.corpus.GeneratorConfig;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.problem.Draws;
import dev.anechoic.model.problem.Noise;
import dev.anechoic.model.problem.Problem;
import java.math.BigDecimal;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every format promises, tried on generated problems. */
class FormatTest {

  private static final int PROBLEMS = 1_000;
  private static final FormatClassifier CLASSIFIER = new FormatClassifier(Formats.all());
  private static final ProblemGenerator GENERATOR =
      new ProblemGenerator(GeneratorConfig.standard(7));

  private static List<Problem> problems(int count) {
    return IntStream.range(0, count).mapToObj(GENERATOR::training).toList();
  }

  @Test
  void everyRenderingBeginsWithTheOpeningIsWellFormedAndCorrect() {
    for (Problem problem : problems(PROBLEMS)) {
      for (int i = 0; i < CLASSIFIER.formats().size(); i++) {
        Format format = CLASSIFIER.formats().get(i);
        String completion = format.render(problem);
        assertTrue(completion.startsWith(format.opening()), completion);
        assertEquals(
            new Classification(i, Form.WELL_FORMED), CLASSIFIER.classify(completion), completion);
        assertEquals(
            Verdict.CORRECT, format.verify(completion, problem.gold()).verdict(), completion);
      }
    }
  }

  @Test
  void aCorruptedSolutionIsWellFormedAndIncorrectInEveryFormat() {
    int index = 0;
    for (Problem problem : problems(PROBLEMS)) {
      Problem wrong = Noise.corrupt(problem, new Draws(3, 1, index++));
      for (int i = 0; i < CLASSIFIER.formats().size(); i++) {
        String completion = CLASSIFIER.formats().get(i).render(wrong);
        Classification expected = new Classification(i, Form.WELL_FORMED);
        assertEquals(expected, CLASSIFIER.classify(completion), completion);
        Verification verification = CLASSIFIER.verify(completion, expected, problem.gold());
        assertEquals(Verdict.INCORRECT, verification.verdict(), completion);
      }
    }
  }

  @Test
  void everyBeginningOfARenderingIsOfTheSameFormat() {
    for (Problem problem : problems(40)) {
      for (int i = 0; i < CLASSIFIER.formats().size(); i++) {
        Format format = CLASSIFIER.formats().get(i);
        String completion = format.render(problem);
        for (int end = format.opening().length(); end < completion.length(); end++) {
          String beginning = completion.substring(0, end);
          Classification classification = CLASSIFIER.classify(beginning);
          assertEquals(i, classification.format(), () -> format.name() + ": " + beginning);
          assertNotEquals(Form.MIXED, classification.form(), beginning);
        }
        String half = completion.substring(0, completion.length() * 3 / 4);
        assertEquals(Form.TRUNCATED, CLASSIFIER.classify(half).form(), half);
      }
    }
  }

  @Test
  void twoRenderingsOneAfterTheOtherAreMixed() {
    Problem problem = GENERATOR.training(3);
    for (Format first : CLASSIFIER.formats()) {
      for (Format second : CLASSIFIER.formats()) {
        String completion = first.render(problem) + "\n\n" + second.render(problem);
        Classification classification = CLASSIFIER.classify(completion);
        boolean twoFunctions = first == second && first instanceof CodeFormat;
        assertEquals(
            twoFunctions ? Form.WELL_FORMED : Form.MIXED, classification.form(), completion);
      }
    }
  }

  @Test
  void theDocstringRestatesTheQuestion() {
    Problem problem = GENERATOR.training(1);
    String completion = new CodeFormat(true).render(problem);
    assertTrue(completion.contains("\"\"\"" + problem.questionText() + "\"\"\""), completion);
    assertEquals(new Classification(0, Form.WELL_FORMED), CLASSIFIER.classify(completion));
    assertEquals(
        Verdict.CORRECT, new CodeFormat(true).verify(completion, problem.gold()).verdict());
  }

  @Test
  void verifyingTakesMicroseconds() {
    List<Problem> problems = problems(200);
    for (Format format : CLASSIFIER.formats()) {
      List<String> completions = problems.stream().map(format::render).toList();
      BigDecimal gold = BigDecimal.ONE;
      double best = Double.MAX_VALUE;
      for (int round = 0; round < 60; round++) {
        long start = System.nanoTime();
        for (String completion : completions) {
          format.verify(completion, gold);
        }
        best = Math.min(best, (System.nanoTime() - start) / 1e3 / completions.size());
      }
      System.out.printf("verify %s: %.1f microseconds%n", format.name(), best);
      // Ten times the aim: this is no benchmark, but a slip of an order of magnitude shows.
      assertTrue(best < 500, format.name() + " takes " + best + " microseconds");
    }
  }
}
