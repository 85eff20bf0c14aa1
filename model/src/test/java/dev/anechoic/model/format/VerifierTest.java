package dev.anechoic.model.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerifierTest {

  private static final BigDecimal FIVE = BigDecimal.valueOf(5);
  private static final FormatClassifier CLASSIFIER = new FormatClassifier(Formats.all());

  private static Verdict code(String source) {
    return new CodeFormat(false).verify(source, FIVE).verdict();
  }

  @Test
  void programsByHand() {
    assertEquals(Verdict.CORRECT, code("def f():\n    return 5"));
    assertEquals(Verdict.CORRECT, code("def f():\n    return 10 / 2"));
    assertEquals(Verdict.CORRECT, code("def f():\n    return 5.0000000001"));
    assertEquals(Verdict.CORRECT, code("def f():\n    return (0.1 + 0.2) * 50 / 3"));
    assertEquals(Verdict.CORRECT, code("def f():\n    return 5\n\nThe answer is 7."));
    assertEquals(Verdict.CORRECT, code("So:\ndef f():\n    return 5\n"));
    assertEquals(Verdict.CORRECT, code("import math\ndef f():\n    return math.floor(5.9)"));
    assertEquals(
        Verdict.CORRECT, code("def half(n):\n  return n / 2\n\ndef f():\n  return half(10)"));
    assertEquals(Verdict.INCORRECT, code("def f():\n    return 6"));
    assertEquals(Verdict.INCORRECT, code("def f():\n    return 5.1"));
    assertEquals(Verdict.INCORRECT, code("def f():\n    x = 5"));
    assertEquals(Verdict.INCORRECT, code("def f():\n    return '5'"));
    assertEquals(Verdict.INCORRECT, code("def f():\n    return apples"));
    assertEquals(Verdict.INCORRECT, code("def f():\n    return 5 / 0"));
    assertEquals(Verdict.UNPARSABLE, code("def f():\n    return 5 +"));
    assertEquals(Verdict.UNPARSABLE, code("def f(n):\n    return n"));
    assertEquals(Verdict.UNPARSABLE, code("The answer is 5."));
    assertEquals(Verdict.UNPARSABLE, code("def f():\n    import os\n    return 5"));
    assertEquals(Verdict.OVER_BUDGET, code("def f():\n    while True:\n        x = 5"));
    assertEquals(Verdict.OVER_BUDGET, code("def f():\n    return 10 ** 10 ** 10"));
  }

  @Test
  void aToolIsScoredByExecutionAndItsBoxIsReportedBeside() {
    String completion =
        "Let's use Python.\n<llm-code>\nx = 2 + 3\nx\n</llm-code>\n<llm-code-output>\n7\n"
            + "</llm-code-output>\nThe answer is \\boxed{7}.";
    Verification verification = new ToolFormat().verify(completion, FIVE);
    assertEquals(Verdict.CORRECT, verification.verdict());
    assertEquals(BigDecimal.valueOf(7), verification.boxed());
    String printed = completion.replace("\nx\n", "\nprint(x)\n");
    assertEquals(Verdict.CORRECT, new ToolFormat().verify(printed, FIVE).verdict());
    String silent = completion.replace("\nx\n", "\n");
    assertEquals(Verdict.UNPARSABLE, new ToolFormat().verify(silent, FIVE).verdict());
    String open = completion.replace("</llm-code>", "");
    assertEquals(Verdict.UNPARSABLE, new ToolFormat().verify(open, FIVE).verdict());
    assertNull(new ToolFormat().verify("nothing", FIVE).boxed());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          5            | CORRECT
          5.0          | CORRECT
          5.00         | CORRECT
          +5           | CORRECT
          $5           | CORRECT
          \\$5.00      | CORRECT
          5\\%         | CORRECT
          10/2         | CORRECT
          \\frac{10}{2}| CORRECT
          5.           | CORRECT
          -5           | INCORRECT
          50           | INCORRECT
          5,000        | INCORRECT
          0.5          | INCORRECT
          five         | UNPARSABLE
          5 apples     | UNPARSABLE
          5,0          | UNPARSABLE
          1/0          | UNPARSABLE
          1e5          | UNPARSABLE
          """)
  void aBoxHoldsANumber(String content, Verdict expected) {
    String text = "So \\boxed{" + content.replace("\\\\", "\\") + "}";
    assertEquals(expected, new TextFormat().verify(text, FIVE).verdict());
  }

  @Test
  void theLastBoxTheLastMarkAndTheLastLineCount() {
    TextFormat text = new TextFormat();
    assertEquals(Verdict.CORRECT, text.verify("\\boxed{4} no, \\boxed{5}", FIVE).verdict());
    assertEquals(Verdict.CORRECT, text.verify("\\boxed{5} and \\boxed{4", FIVE).verdict());
    AnnotatedFormat annotated = new AnnotatedFormat();
    assertEquals(Verdict.CORRECT, annotated.verify("x\n#### 4\n#### 5", FIVE).verdict());
    assertEquals(Verdict.UNPARSABLE, annotated.verify("x #### 5", FIVE).verdict());
    SymbolicFormat symbolic = new SymbolicFormat();
    assertEquals(Verdict.CORRECT, symbolic.verify("let a = 5 = 5\nanswer a = 5", FIVE).verdict());
    assertEquals(Verdict.UNPARSABLE, symbolic.verify("let a = 5 = 5", FIVE).verdict());
  }

  @Test
  void equalNumbersAreOneVote() {
    TextFormat text = new TextFormat();
    String five = text.verify("\\boxed{5}", FIVE).vote();
    assertEquals(five, text.verify("\\boxed{5.00}", FIVE).vote());
    assertEquals(five, new CodeFormat(false).verify("def f():\n  return 10/2", FIVE).vote());
    assertEquals("1000", text.verify("\\boxed{1,000}", FIVE).vote());
    assertNotEquals(five, text.verify("\\boxed{5.01}", FIVE).vote());
    assertEquals("", text.verify("no box", FIVE).vote());
    assertEquals("0", Answers.vote(new BigDecimal("-0.0000001")));
  }

  @Test
  void controlRewards() {
    String right = "So \\boxed{5}";
    String wrong = "So \\boxed{6}";
    String nothing = "So it is";
    String code = "def f():\n  return 6";
    RewardFunction verified = Rewards.verified(CLASSIFIER);
    RewardFunction inverted = Rewards.wrong(CLASSIFIER);
    RewardFunction codeOnly = Rewards.formatOnly(CLASSIFIER, "code");
    assertEquals(List.of(1f, 0f, 0f, 0f), rewards(verified, right, wrong, nothing, code));
    assertEquals(List.of(0f, 1f, 0f, 1f), rewards(inverted, right, wrong, nothing, code));
    assertEquals(List.of(0f, 0f, 0f, 1f), rewards(codeOnly, right, wrong, nothing, code));
  }

  private static List<Float> rewards(RewardFunction function, String... completions) {
    return java.util.Arrays.stream(completions)
        .map(c -> function.score(c, FIVE, 0, 0).reward())
        .toList();
  }

  @Test
  void theRandomRewardDependsOnItsAddressOnly() {
    RewardFunction random = Rewards.random(CLASSIFIER, 42, 0.3);
    int ones = 0;
    int samples = 10_000;
    for (int i = 0; i < samples; i++) {
      float first = random.score("So \\boxed{5}", FIVE, 1, i).reward();
      assertEquals(first, random.score("anything", FIVE, 1, i).reward());
      ones += (int) first;
    }
    // Five standard deviations of a binomial.
    assertEquals(0.3 * samples, ones, 5 * Math.sqrt(samples * 0.3 * 0.7));
  }

  @Test
  void aFaultOfOursMasksTheSample() {
    Verification fault = new Verification(Verdict.ERROR, null, null, "interpreter fault");
    assertTrue(new Scored(new Classification(0, Form.WELL_FORMED), fault, 0).masked());
  }
}
