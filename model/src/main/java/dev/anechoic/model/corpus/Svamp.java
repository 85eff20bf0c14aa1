package dev.anechoic.model.corpus;

import dev.anechoic.model.UserError;
import dev.anechoic.model.corpus.NumberScanner.Found;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.problem.NumberStyle;
import dev.anechoic.model.problem.Piece;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.problem.Step;
import dev.anechoic.model.problem.Term;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * SVAMP (arXiv 2103.07191): problems of one or two steps with a formula and an answer, for
 * evaluation.
 */
public final class Svamp {

  private Svamp() {}

  /**
   * Reads all problems whose formula gives the stated answer.
   *
   * @param path {@code SVAMP.json}, or a folder that holds it
   * @throws UserError naming the place, for a file that is not of this shape
   */
  public static List<Problem> load(Path path) {
    Path file = file(path);
    List<Problem> problems = new ArrayList<>();
    for (Json row : Json.read(file).items()) {
      String body = row.get("Body").string().strip();
      String separator = body.endsWith(".") || body.endsWith(",") ? " " : ", ";
      String question = body + separator + row.get("Question").string().strip();
      BigDecimal answer = BigDecimal.valueOf(row.get("Answer").doubleValue());
      Problem problem =
          problem("svamp-" + row.get("ID").string(), question, row.get("Equation"), answer);
      if (dev.anechoic.model.format.Answers.equal(problem.result(), problem.gold())) {
        problems.add(problem);
      }
    }
    return problems;
  }

  /** The file that a path means: itself, or {@code SVAMP.json} in a folder. */
  public static Path file(Path path) {
    return Files.isDirectory(path) ? path.resolve("SVAMP.json") : path;
  }

  private static Problem problem(String id, String question, Json equation, BigDecimal answer) {
    List<BigDecimal> givens = new ArrayList<>();
    List<Piece> pieces = new ArrayList<>();
    int at = 0;
    for (Found number : NumberScanner.scan(question, false)) {
      if (number.free()) {
        pieces.add(new Piece.Words(question.substring(at, number.start())));
        pieces.add(new Piece.Number(new Term.Given(givens.size()), number.style()));
        givens.add(number.value());
        at = number.end();
      }
    }
    pieces.add(new Piece.Words(question.substring(at)));
    Origins origins = new Origins(question, givens);
    Term term;
    try {
      term = TermParser.parse(equation.string(), origins::trace);
    } catch (IllegalArgumentException e) {
      throw equation.mismatch("a formula such as ( 8.0 - 3.0 )");
    }
    List<Step> steps = new ArrayList<>();
    addSteps(term, steps);
    if (steps.isEmpty()) {
      steps.add(new Step("amount1", term));
    }
    return new Problem(
        id, id, "amount", givens, pieces, steps, prose(steps.size()), NumberStyle.strip(answer));
  }

  /** Splits a term into steps of one operation each; gives what stands for its value. */
  private static Term addSteps(Term term, List<Step> steps) {
    if (!(term instanceof Term.Binary(var operation, Term left, Term right))) {
      return term;
    }
    Term first = addSteps(left, steps);
    Term second = addSteps(right, steps);
    int index = steps.size();
    steps.add(new Step("amount" + (index + 1), new Term.Binary(operation, first, second)));
    return new Term.Result(index);
  }

  private static List<Piece> prose(int steps) {
    List<Piece> prose = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      prose.addAll(
          Piece.of(
              (i == 0 ? "We compute {} = {}" : " Then we compute {} = {}") + "{}.",
              new Piece.Working(i, " "),
              new Piece.Annotation(i),
              new Piece.Number(new Term.Result(i), NumberStyle.DIGITS)));
    }
    return prose;
  }
}
