package dev.anechoic.model.problem;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.problem.Term.Binary;
import dev.anechoic.model.problem.Term.Constant;
import dev.anechoic.model.problem.Term.Given;
import dev.anechoic.model.problem.Term.Result;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProblemTest {

  /** Tom has 12 apples, gets 5 more, gives away half of them. */
  private static Problem apples() {
    Term half = new Binary(Operation.DIVIDE, new Result(0), new Constant(BigDecimal.TWO));
    Term minusTwo = new Binary(Operation.SUBTRACT, new Result(0), new Constant(BigDecimal.TWO));
    List<Piece> solution = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      solution.addAll(
          Piece.of(
              "{} = {}{}. ",
              new Piece.Working(i, " "),
              new Piece.Annotation(i),
              new Piece.Number(new Result(i), NumberStyle.DIGITS)));
    }
    return new Problem(
        "id",
        "has+gets+half",
        "apples",
        List.of(BigDecimal.valueOf(12), BigDecimal.valueOf(6)),
        Piece.of(
            "Tom has {} apples, gets {} more and gives away half of them.",
            new Piece.Number(new Given(0), NumberStyle.WORD),
            new Piece.Number(new Given(1), NumberStyle.DIGITS)),
        List.of(
            new Step("total", new Binary(Operation.ADD, new Given(0), new Given(1))),
            new Step("left", half, minusTwo, null)),
        solution,
        BigDecimal.valueOf(9));
  }

  @Test
  void textsFollowTheSteps() {
    Problem problem = apples();
    assertEquals(
        "Tom has twelve apples, gets 6 more and gives away half of them.", problem.questionText());
    assertEquals("12 + 6 = 18. 18 / 2 = 9. ", problem.solutionText(false));
    assertEquals("12 + 6 = <<12+6=18>>18. 18 / 2 = <<18/2=9>>9. ", problem.solutionText(true));
    assertEquals("12 + 6 = 18. 18 - 2 = 16. ", Noise.misread(problem).solutionText(false));
    assertEquals(BigDecimal.valueOf(9), Noise.misread(problem).gold());
  }

  @Test
  void corruptionChangesOneThingAndLaterValuesFollow() {
    Problem problem = apples();
    List<String> seen = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      Problem wrong = Noise.corrupt(problem, new Draws(1, 1, i));
      assertNotEquals(0, wrong.result().compareTo(problem.result()));
      assertEquals(problem.questionText(), wrong.questionText());
      int changed = 0;
      for (int s = 0; s < 2; s++) {
        changed += wrong.steps().get(s).term().equals(problem.steps().get(s).term()) ? 0 : 1;
      }
      assertEquals(1, changed);
      assertTrue(wrong.results().stream().allMatch(r -> r.signum() >= 0));
      seen.add(wrong.solutionText(false));
    }
    // An operator, a copied number, an operand; in the first step the second one follows.
    assertTrue(seen.contains("12 + 6 = 18. 18 * 2 = 36. "), seen::toString);
    assertTrue(seen.stream().anyMatch(t -> t.startsWith("12 * 6 = 72. 72 / 2 = 36")));
    assertTrue(seen.stream().anyMatch(t -> t.startsWith("12 + 6 = 18. 12 / 2 = 6")));
    assertTrue(seen.stream().anyMatch(t -> t.startsWith("14 + 6 = 20. 20 / 2 = 10")));
  }

  @ParameterizedTest
  @CsvSource({
    "1+2*3, 1+2*3",
    "(1+2)*3, (1+2)*3",
    "1-(2-3), 1-(2-3)",
    "1-2-3, 1-2-3",
    "1+(2+3), 1+2+3",
    "8/(4/2), 8/(4/2)",
    "8/(4*2), 8/(4*2)",
    "2*(3*4), 2*3*4",
    "2*(8/4), 2*(8/4)",
    "(1), 1"
  })
  void aTermIsWrittenWithTheBracketsItNeeds(String source, String expected) {
    Term term = parse(source);
    assertEquals(expected, term.text(leaf -> leaf.value(List.of(), List.of()) + "", ""));
    assertEquals(
        0, term.value(List.of(), List.of()).compareTo(parse(expected).value(List.of(), List.of())));
  }

  /** A small reader of its own, so that the two are not wrong together. */
  private static Term parse(String source) {
    int depth = 0;
    for (String operators : List.of("+-", "*/")) {
      for (int i = source.length() - 1; i > 0; i--) {
        char c = source.charAt(i);
        depth += c == ')' ? 1 : c == '(' ? -1 : 0;
        if (depth == 0 && operators.indexOf(c) >= 0) {
          Operation operation =
              List.of(Operation.values()).stream()
                  .filter(o -> o.symbol().charAt(0) == c)
                  .findFirst()
                  .orElseThrow();
          return new Binary(
              operation, parse(source.substring(0, i)), parse(source.substring(i + 1)));
        }
      }
      depth = 0;
    }
    return source.startsWith("(")
        ? parse(source.substring(1, source.length() - 1))
        : new Constant(new BigDecimal(source));
  }

  @ParameterizedTest
  @CsvSource({
    "12, twelve, 12, '12'",
    "21, twenty-one, 21, '21'",
    "40, forty, 40, '40'",
    "1200, 1200, 1200, '1,200'",
    "0.5, 0.5, 0.5, '0.5'",
    "2.50, 2.5, 2.5, '2.5'",
    "1E+3, 1000, 1000, '1,000'"
  })
  void numbersAreWrittenInTheirStyle(BigDecimal value, String word, String digits, String grouped) {
    assertEquals(word, NumberStyle.WORD.text(value));
    assertEquals(digits, NumberStyle.DIGITS.text(value));
    assertEquals(grouped, new NumberStyle(false, false, true, 0).text(value));
    if (!word.equals(digits)) {
      assertEquals(value.intValue(), NumberStyle.wordValue(word));
    }
  }

  @Test
  void drawsDependOnTheirAddressOnlyAndAreEven() {
    assertEquals(new Draws(1, 2, 3).below(1000), new Draws(1, 2, 3).below(1000));
    int[] counts = new int[10];
    for (int i = 0; i < 10_000; i++) {
      counts[new Draws(5, 1, i).below(10)]++;
    }
    for (int count : counts) {
      assertEquals(1_000, count, 150);
    }
    assertEquals(1, new Draws(1, 1, 1).weighted(List.of(0.0, 1.0, 0.0)));
  }

  @Test
  void aProblemNeedsSteps() {
    Problem problem = apples();
    assertThrows(IllegalArgumentException.class, () -> problem.withSteps(List.of()));
    assertThrows(IllegalArgumentException.class, () -> Piece.of("no place", new Piece.Words("x")));
  }
}
