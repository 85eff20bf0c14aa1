package dev.anechoic.model.corpus;

import dev.anechoic.model.UserError;
import dev.anechoic.model.format.CodeFormat;
import dev.anechoic.model.format.Form;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Formats;
import dev.anechoic.model.format.Verdict;
import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import dev.anechoic.model.problem.Draws;
import dev.anechoic.model.problem.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * GSM8K (arXiv 2110.14168) turned into the formats from its calculator annotations. A problem is
 * taken if the program made from its annotations, when run, gives its right answer; every other one
 * is listed with the reason.
 */
public final class Gsm8k {

  /** A problem that was not taken. */
  public record FallOut(String id, String reason, String detail) {}

  private static final int SOURCE_STREAM = 0x47534D38; // "GSM8"
  private static final int PROBE_STREAM = 0x50524F42; // "PROB"
  private static final String NO_ANNOTATION = "no annotation";
  private static final String UNREADABLE = "annotation cannot be read";
  private static final String OTHER_RESULT = "program gives another number";

  private final Path file;
  private final List<Gsm8kProblem> problems = new ArrayList<>();
  private final List<FallOut> fallOuts = new ArrayList<>();
  private @Nullable List<Gsm8kProblem> renumberable;

  private Gsm8k(Path file) {
    this.file = file;
  }

  /**
   * Reads the training problems.
   *
   * @param path the JSONL file, or a folder that holds {@code train.jsonl}
   * @throws UserError naming the line, for a line that is no JSON or lacks a key
   */
  public static Gsm8k train(Path path) {
    return load(Files.isDirectory(path) ? path.resolve("train.jsonl") : path, "train");
  }

  /** Reads the test problems: the JSONL file, or a folder that holds {@code test.jsonl}. */
  public static Gsm8k test(Path path) {
    return load(Files.isDirectory(path) ? path.resolve("test.jsonl") : path, "test");
  }

  private static Gsm8k load(Path file, String part) {
    Gsm8k data = new Gsm8k(file);
    try (JsonLines.Reader reader = JsonLines.reader(file)) {
      for (Json row : reader) {
        String id = "gsm8k-" + part + "-" + reader.line();
        data.add(id, row.get("question").string().strip(), row.get("answer").string());
      }
    }
    if (data.problems.isEmpty()) {
      throw UserError.what("No usable problem in this file")
          .where(file)
          .expected("lines {\"question\": ..., \"answer\": ...} with annotations <<48/2=24>>")
          .remedy("Name the train.jsonl or test.jsonl of GSM8K.");
    }
    return data;
  }

  private void add(String id, String question, String answer) {
    try {
      Gsm8kProblem read = Gsm8kReader.read(id, question, answer);
      CodeFormat code = new CodeFormat(false);
      Problem problem = read.problem();
      var verification = code.verify(code.render(problem), problem.gold());
      if (verification.verdict() == Verdict.CORRECT) {
        problems.add(read);
      } else {
        String got =
            verification.answer() == null ? verification.detail() : verification.answer() + "";
        fallOuts.add(new FallOut(id, OTHER_RESULT, got + " instead of " + problem.gold()));
      }
    } catch (Gsm8kReader.Unreadable e) {
      String message = e.getMessage() == null ? "" : e.getMessage();
      String reason = message.equals(NO_ANNOTATION) ? NO_ANNOTATION : UNREADABLE;
      fallOuts.add(new FallOut(id, reason, message));
    }
  }

  /** The problems taken, as they stand in the data. */
  public List<Problem> problems() {
    return problems.stream().map(Gsm8kProblem::problem).toList();
  }

  /** The problems not taken, each with its reason. */
  public List<FallOut> fallOuts() {
    return List.copyOf(fallOuts);
  }

  /** Writes the problems not taken, one JSON object per line with id, reason and detail. */
  public void writeFallOuts(Path target) {
    try (JsonLines.Writer writer = JsonLines.writer(target)) {
      for (FallOut fallOut : fallOuts) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", fallOut.id());
        row.put("reason", fallOut.reason());
        row.put("detail", fallOut.detail());
        writer.write(row);
      }
    }
  }

  /** The problems of at most this many steps; the longer ones become fall-outs. */
  public Gsm8k atMost(int steps) {
    Gsm8k shorter = new Gsm8k(file);
    shorter.fallOuts.addAll(fallOuts);
    for (Gsm8kProblem read : problems) {
      int count = read.problem().steps().size();
      if (count <= steps) {
        shorter.problems.add(read);
      } else {
        shorter.fallOuts.add(
            new FallOut(read.problem().id(), "more than " + steps + " steps", count + " steps"));
      }
    }
    if (shorter.problems.isEmpty()) {
      throw UserError.what("No problem has so few steps")
          .where(file)
          .got("max_steps = " + steps)
          .remedy("Raise corpus.max_steps, or set it to 0 for all problems.");
    }
    return shorter;
  }

  /** SHA-256 of the file. */
  public String sha256() {
    return Hashing.sha256(file);
  }

  /** All problems of the file. */
  public int total() {
    return problems.size() + fallOuts.size();
  }

  /** The fraction of all problems that was taken. */
  public double share() {
    return (double) problems.size() / total();
  }

  /** The number of problems that can be given new numbers; tries it for each. */
  public int renumberable() {
    return renumberableProblems().size();
  }

  private synchronized List<Gsm8kProblem> renumberableProblems() {
    if (renumberable != null) {
      return renumberable;
    }
    List<Gsm8kProblem> result = new ArrayList<>();
    for (int i = 0; i < problems.size(); i++) {
      if (renumber(problems.get(i), new Draws(0, PROBE_STREAM, i), "") != null) {
        result.add(problems.get(i));
      }
    }
    renumberable = List.copyOf(result);
    return renumberable;
  }

  private static @Nullable Problem renumber(Gsm8kProblem read, Draws draws, String suffix) {
    return read.doubt() == null ? Renumbering.apply(read, draws, suffix) : null;
  }

  /** A few lines: exact shares, and the fall-outs by reason. */
  public String summary() {
    Map<String, Integer> reasons = new TreeMap<>();
    fallOuts.forEach(f -> reasons.merge(f.reason(), 1, Integer::sum));
    StringBuilder out = new StringBuilder();
    out.append(
        "%s: %d of %d problems (%.1f %%) give code whose result equals the right answer%n"
            .formatted(file, problems.size(), total(), 100 * share()));
    reasons.forEach((reason, count) -> out.append("  left out: %d, %s%n".formatted(count, reason)));
    int renumberable = renumberable();
    out.append(
        "  %d (%.1f %% of all) can be given new numbers%n"
            .formatted(renumberable, 100.0 * renumberable / total()));
    return out.toString();
  }

  /**
   * The training problems as an endless source. Leaves out the few whose prose has signs of another
   * format, so that every document is well-formed in its own.
   *
   * @param seed of choice and numbers
   * @param renumbered fraction of the problems that get new numbers
   * @param test held-out problems, which are left as they are
   */
  public ProblemSource source(long seed, double renumbered, Gsm8k test) {
    FormatClassifier classifier = new FormatClassifier(Formats.all());
    return new Source(
        problems.stream().filter(p -> isPure(p.problem(), classifier)).toList(),
        renumberableProblems().stream().filter(p -> isPure(p.problem(), classifier)).toList(),
        seed,
        renumbered,
        test.problems());
  }

  private static boolean isPure(Problem problem, FormatClassifier classifier) {
    return classifier.formats().stream()
        .allMatch(f -> f.match(f.render(problem)).form() == Form.WELL_FORMED);
  }

  /**
   * Problems as they stand in the data and with new numbers.
   *
   * @param all problems
   * @param templates those that can be given new numbers
   */
  private record Source(
      List<Gsm8kProblem> all,
      List<Gsm8kProblem> templates,
      long seed,
      double renumbered,
      List<Problem> test)
      implements ProblemSource {

    @Override
    public Problem training(long index) {
      Draws draws = new Draws(seed, SOURCE_STREAM, index);
      if (templates.isEmpty() || !draws.chance(renumbered)) {
        return draws.pick(all).problem();
      }
      Gsm8kProblem template = draws.pick(templates);
      Problem other = renumber(template, draws, "-" + index);
      return other == null ? template.problem() : other;
    }

    @Override
    public Problem evaluation(long index) {
      return test.get((int) (index % test.size()));
    }
  }
}
