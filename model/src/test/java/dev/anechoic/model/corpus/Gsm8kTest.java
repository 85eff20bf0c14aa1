package dev.anechoic.model.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.format.CodeFormat;
import dev.anechoic.model.format.Form;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Formats;
import dev.anechoic.model.format.Verdict;
import dev.anechoic.model.problem.Draws;
import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Problem;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Gsm8kTest {

  private static final String QUESTION =
      "A baker sells 12 trays of ten rolls. She eats 1/4 of a tray's 10 rolls, and twice 15 rolls"
          + " burn. How many of the $1,200 rolls are left?";
  private static final String ANSWER =
      "There are 12 * 10 = <<12*10=120>>120 rolls.\n"
          + "Burnt are 15*2=<<15*2=30>>30 brown rolls.\n"
          + "So 120 - 30 = <<120-30=90>>90 rolls are left.\n#### 90";

  @TempDir Path folder;

  private static Gsm8kProblem read(String question, String answer) {
    try {
      return Gsm8kReader.read("x", question, answer);
    } catch (Gsm8kReader.Unreadable e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void annotationsBecomeStepsAndTextsStayAsTheyAre() {
    Problem problem = read(QUESTION, ANSWER).problem();
    assertEquals(QUESTION, problem.questionText());
    assertEquals(ANSWER.substring(0, ANSWER.indexOf("\n####")), problem.solutionText(true));
    assertEquals(
        """
        def rolls_left():
            rolls = 12 * 10
            brown_rolls = 15 * 2
            result = rolls - brown_rolls
            return result\
        """,
        new CodeFormat(false).render(problem).replace("def rolls2", "def rolls_left"));
  }

  @Test
  void newNumbersReachQuestionStepsAndProseAlike() {
    Gsm8kProblem read = read(QUESTION, ANSWER);
    assertNull(read.doubt());
    Problem other = Renumbering.apply(read, new Draws(1, 1, 5), "-5");
    assertTrue(other != null);
    List<BigDecimal> givens = other.givens();
    BigDecimal trays = givens.get(0);
    BigDecimal rolls = givens.get(1);
    BigDecimal burnt = givens.get(2);
    assertNotEquals(read.problem().givens(), givens);
    String question = other.questionText();
    // "ten" and "10" are one number; 1/4 and "twice" stay.
    assertTrue(question.contains(trays + " trays of " + NumberStyle.WORD.text(rolls)), question);
    assertTrue(question.contains("1/4 of a tray's " + rolls), question);
    BigDecimal all = trays.multiply(rolls);
    BigDecimal lost = burnt.multiply(BigDecimal.TWO);
    assertEquals(
        ("There are %s * %s = <<%s*%s=%s>>%s rolls.\nBurnt are %s*2=<<%s*2=%s>>%s brown rolls.\n"
                + "So %s - %s = <<%s-%s=%s>>%s rolls are left.")
            .formatted(
                trays,
                rolls,
                trays,
                rolls,
                all,
                all,
                burnt,
                burnt,
                lost,
                lost,
                all,
                lost,
                all,
                lost,
                all.subtract(lost),
                all.subtract(lost)),
        other.solutionText(true));
    assertEquals(0, other.gold().compareTo(all.subtract(lost)));
  }

  @Test
  void aNumberWithoutSourceOrAnOrdinalKeepsTheNumbersAsTheyAre() {
    String question = "Tom has 5 apples and buys more. How many has he on the 6th day?";
    assertTrue(read(question, "He has 5+3=<<5+3=8>>8.\n#### 8").doubt() != null);
    String other = "Tom has 5 apples and 3 pears. How many has he on the 6th day?";
    assertTrue(read(other, "He has 5+3=<<5+3=8>>8.\n#### 8").doubt() != null);
    assertNull(read(other.replace("6th", "last"), "He has <<5+3=8>>8.\n#### 8").doubt());
  }

  @Test
  void fallOutsAreListedWithTheirReasons() throws IOException {
    Path file = folder.resolve("train.jsonl");
    Files.writeString(
        file,
        """
        {"question": "Two and 3?", "answer": "<<2+3=5>>5\\n#### 5"}
        {"question": "Two and 3?", "answer": "It is five.\\n#### 5"}
        {"question": "Two and 3?", "answer": "<<2+3=5>>5\\n#### 6"}
        {"question": "Two and 3?", "answer": "<<2 and 3=5>>5\\n#### 5"}
        {"question": "Two and 3?", "answer": "no number"}
        """);
    Gsm8k data = Gsm8k.train(folder);
    assertEquals(5, data.total());
    assertEquals(0.2, data.share());
    Map<String, Integer> reasons = new HashMap<>();
    data.fallOuts().forEach(f -> reasons.merge(f.reason(), 1, Integer::sum));
    assertEquals(
        Map.of(
            "no annotation", 1,
            "program gives another number", 1,
            "annotation cannot be read", 2),
        reasons);
    assertEquals("gsm8k-train-2", data.fallOuts().getFirst().id());
    Path listed = folder.resolve("left_out.jsonl");
    data.writeFallOuts(listed);
    assertEquals(4, Files.readAllLines(listed).size());
    Files.writeString(file, "{\"question\": \"Two and 3?\"}\n");
    UserError e = assertThrows(UserError.class, () -> Gsm8k.train(folder));
    assertTrue(e.getMessage().contains("train.jsonl:1"), e.getMessage());
  }

  // With the real data

  private static Path data(String file) {
    String folder = System.getProperty("anechoic.data");
    Path root =
        folder != null ? Path.of(folder) : Path.of("..", "..", "shared", "data").normalize();
    Path path = root.resolve(file);
    if (!Files.exists(path)) {
      System.out.println("skipped: there is no " + path.toAbsolutePath());
    }
    assumeTrue(Files.exists(path), () -> "there is no " + path.toAbsolutePath());
    return path;
  }

  @Test
  void theRealTrainingProblemsGiveTheirAnswersInEveryFormat() {
    Gsm8k train = Gsm8k.train(data("gsm8k/train.jsonl"));
    System.out.print(train.summary());
    assertEquals(7_473, train.total());
    assertEquals(7_001, train.problems().size());
    assertTrue(train.renumberable() > 0.55 * train.total());
    FormatClassifier classifier = new FormatClassifier(Formats.all());
    int impure = 0;
    for (Problem problem : train.problems()) {
      for (Format format : classifier.formats()) {
        String completion = format.render(problem);
        assertEquals(
            Verdict.CORRECT, format.verify(completion, problem.gold()).verdict(), completion);
        impure += format.match(completion).form() == Form.WELL_FORMED ? 0 : 1;
      }
    }
    assertTrue(impure <= 10, impure + " renderings are not well-formed");
  }

  @Test
  void theRealTestProblems() {
    Gsm8k test = Gsm8k.test(data("gsm8k/test.jsonl"));
    System.out.print(test.summary());
    assertEquals(1_319, test.total());
    assertEquals(1_208, test.problems().size());
  }

  /** What is written is read again: question and solution alone must lead to the same answer. */
  @Test
  void realProblemsWithNewNumbersAreConsistentInThemselves() {
    Gsm8k train = Gsm8k.train(data("gsm8k/train.jsonl"));
    ProblemSource source = train.source(3, 1.0, Gsm8k.test(data("gsm8k/test.jsonl")));
    int renumbered = 0;
    int count = 1_500;
    for (int i = 0; i < count; i++) {
      Problem problem = source.training(i);
      renumbered += problem.id().split("-").length > 3 ? 1 : 0;
      String gold = NumberStyle.DIGITS.text(problem.gold());
      Problem again =
          read(problem.questionText(), problem.solutionText(true) + "\n#### " + gold).problem();
      CodeFormat code = new CodeFormat(false);
      assertEquals(
          Verdict.CORRECT, code.verify(code.render(again), problem.gold()).verdict(), problem::id);
      assertEquals(problem.solutionText(true), again.solutionText(true));
      for (BigDecimal value : problem.results()) {
        assertFalse(value.signum() < 0, problem::id);
      }
    }
    assertTrue(renumbered > 0.9 * count, renumbered + " with new numbers");
  }

  @Test
  void svampProblemsGiveTheirAnswersInEveryFormat() {
    List<Problem> problems = Svamp.load(data("svamp/SVAMP.json"));
    assertEquals(999, problems.size());
    for (Problem problem : problems) {
      for (Format format : Formats.all()) {
        String completion = format.render(problem);
        assertEquals(Form.WELL_FORMED, format.match(completion).form(), completion);
        assertEquals(
            Verdict.CORRECT, format.verify(completion, problem.gold()).verdict(), completion);
      }
    }
  }
}
