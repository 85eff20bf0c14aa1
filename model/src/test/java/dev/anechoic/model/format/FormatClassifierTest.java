package dev.anechoic.model.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.anechoic.model.corpus.GeneratorConfig;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.problem.Draws;
import dev.anechoic.model.problem.Problem;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormatClassifierTest {

  private static final FormatClassifier CLASSIFIER = new FormatClassifier(Formats.all());

  private static String classOf(String completion) {
    Classification classification = CLASSIFIER.classify(completion);
    return CLASSIFIER.name(classification.format()) + " " + classification.form();
  }

  /** {@code ~} stands for a line end. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          def f():~    return 5                                  | code WELL_FORMED
          def f():~  x = 5~  if x > 3:~    x = 2~  return x      | code WELL_FORMED
          import math~~def f(n=2):~  return math.ceil(n / 3)     | code WELL_FORMED
          def f():~    return 5~~print(f())                      | code WELL_FORMED
          d                                                      | code TRUNCATED
          def                                                    | code TRUNCATED
          def apples                                             | code TRUNCATED
          def apples(                                            | code TRUNCATED
          def f():~    x = 5~    y = x *                         | code TRUNCATED
          def f():~    x = 5                                     | code TRUNCATED
          def f():~    return 5~So the answer is 5.              | code MIXED
          Here it is:~def f():~    return 5                      | code MIXED
          def f():~    x = = 5~    return x                      | code MIXED
          def f():~    return 5~The answer is \\boxed{5}.        | code MIXED
          The function is defined by default.                    | text TRUNCATED
          By definition, the default is 5. So \\boxed{5}.        | text WELL_FORMED
          definitely                                             | text TRUNCATED
          Tom has 5 + 3 = 8 apples.                              | text TRUNCATED
          Tom has 8 apples. The answer is \\boxed{8}             | text WELL_FORMED
          Tom has 8 apples. The answer is $\\boxed{8}$.          | text WELL_FORMED
          Since 20 < 30, apples are cheaper: \\boxed{240}        | text WELL_FORMED
          Tom has 8 apples. The answer is \\box                  | text TRUNCATED
          Tom has 8 apples. The answer is \\boxed{8              | text TRUNCATED
          Tom has \\boxed{8} apples. Mia has \\boxed{5}.         | text MIXED
          The answer is \\boxed{Tom}.                            | text MIXED
          S                                                      | text TRUNCATED
          Solution:                                              | text TRUNCATED
          Let's                                                  | tool TRUNCATED
          Let's use Python.~<llm-co                              | tool TRUNCATED
          Let's use Python.~<llm-code>~x = 5                     | tool TRUNCATED
          I write a program.~<llm-code>~5~</llm-code>            | tool TRUNCATED
          Now: <llm-code>5</llm-code><llm-code-output>5</llm-code-output> So \\boxed{5}.| tool WELL_FORMED
          Now: <llm-code>5</llm-code><llm-code-output>5</llm-code-output> So \\boxed{5} | tool WELL_FORMED
          Now: <llm-code>5 5</llm-code><llm-code-output>5</llm-code-output>             | tool MIXED
          Now: <llm-code>5</llm-code> and <llm-code-output>                             | tool MIXED
          Now: <llm-code>5</llm-code><llm-code>5</llm-code>                             | tool MIXED
          </llm-code>~5                                          | none NONE
          Tom has 5 + 3 = <<5+3=8>>8 apples.~#### 8              | annotated WELL_FORMED
          Tom has 5 + 3 = 8 apples.~#### 8                       | annotated WELL_FORMED
          Tom has 5 + 3 = <<5+3                                  | annotated TRUNCATED
          Tom has 5 + 3 = <<5+3=8>>8 apples.~####                | annotated TRUNCATED
          Tom has <<some>> apples.~#### 8                        | annotated MIXED
          Tom has 5 + 3 = <<5+3=8>>8.~#### 8~More.               | annotated MIXED
          Tom: <<5+3=8>>8.~#### 8~\\boxed{8}                     | annotated MIXED
          let a = 5 + 3 = 8~answer a = 8                         | symbolic WELL_FORMED
          let a = 5 + 3                                          | symbolic TRUNCATED
          let a = 5 + 3 = 8~let b = a                            | symbolic TRUNCATED
          let a = 5 + 3 = 8~ans                                  | symbolic TRUNCATED
          let a = 5 + 3 = 8~so Tom has 8 apples.                 | symbolic MIXED
          let us see. Tom has 8 apples.                          | text TRUNCATED
          ``                                                     | none NONE
          ~ ~                                                    | none NONE
          ) ) 5 5 5 ( } {                                        | none NONE
          12                                                     | none NONE
          """)
  void completionsByHand(String completion, String expected) {
    String text = completion == null ? "" : completion.replace('~', '\n').replace("\\\\", "\\");
    assertEquals(expected, classOf(text), text);
  }

  @Test
  void theSharesOfAllClassesSumToExactlyOne() {
    FormatShares shares = new FormatShares(CLASSIFIER);
    ProblemGenerator generator = new ProblemGenerator(GeneratorConfig.standard(11));
    int total = 3_000;
    for (int i = 0; i < total; i++) {
      shares.add(CLASSIFIER.classify(damaged(generator.training(i), new Draws(5, 2, i))));
    }
    long counted = shares.count(Classification.NO_FORMAT);
    long byForm = shares.count(Classification.NO_FORMAT, Form.NONE);
    for (int f = 0; f < CLASSIFIER.formats().size(); f++) {
      counted += shares.count(f);
      assertEquals(0, shares.count(f, Form.NONE));
      for (Form form : List.of(Form.WELL_FORMED, Form.TRUNCATED, Form.MIXED)) {
        byForm += shares.count(f, form);
      }
    }
    assertEquals(total, shares.total());
    assertEquals(total, counted);
    assertEquals(total, byForm);
  }

  /** A rendering with characters cut, doubled and put in. */
  private static String damaged(Problem problem, Draws draws) {
    Format format = draws.pick(CLASSIFIER.formats());
    StringBuilder out = new StringBuilder(format.render(problem));
    for (int i = draws.below(5); i > 0; i--) {
      int at = draws.below(out.length());
      switch (draws.below(3)) {
        case 0 -> out.delete(at, Math.min(out.length(), at + 5));
        case 1 -> out.insert(at, draws.pick(List.of("<", "def ", "\\boxed{", "\n", "#### 5", "é")));
        default -> out.setLength(Math.max(1, at));
      }
    }
    return out.toString();
  }

  @Test
  void noSharesWithoutCompletions() {
    FormatShares shares = new FormatShares(CLASSIFIER);
    assertThrows(IllegalStateException.class, () -> shares.share(0));
  }

  @Test
  void anUnknownFormatIsNamedWithTheKnownOnes() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> Formats.named(List.of("code", "prose"), false));
    assertEquals(
        "unknown format 'prose': expected one of code, tool, text, annotated, symbolic",
        e.getMessage());
  }
}
