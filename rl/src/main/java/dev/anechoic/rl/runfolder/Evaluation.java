package dev.anechoic.rl.runfolder;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.anechoic.model.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The raw outcome of an evaluation ({@code eval-before.json}, {@code eval-after.json}): every
 * answer to every problem. All figures (pass@k, maj@k, coverage, shares, forced accuracy) are
 * computed from it by {@code dev.anechoic.rl.measure}, so that no stored figure can disagree with
 * its data.
 *
 * @param step RL step of the checkpoint, 0 before RL
 * @param temperature sampling temperature of the samples
 * @param topP nucleus of the samples, 1 for none
 * @param formats the formats of the study, in its order
 * @param problems the problems, in the same order before and after
 */
public record Evaluation(
    int step, double temperature, double topP, List<String> formats, List<Problem> problems) {

  /**
   * One problem and its answers.
   *
   * @param id the problem's name, the same in all evaluations of a study
   * @param greedy the greedy answer, null where none was made
   * @param samples sampled answers
   * @param forced for each format the greedy answer after its opening was forced; may be empty
   */
  public record Problem(
      String id, @Nullable Answer greedy, List<Answer> samples, Map<String, Answer> forced) {}

  /**
   * One graded completion. A JSON array {@code [format, verdict, value]} in the file.
   *
   * @param format the format, {@code mixed} or {@code none}
   * @param verdict {@code correct}, {@code incorrect}, {@code unparsable}, {@code over_budget}, or
   *     {@code error} (see {@link Sample})
   * @param value the answer as text, for the majority vote; null where there is none
   */
  public record Answer(String format, String verdict, @Nullable String value) {
    public boolean correct() {
      return verdict.equals("correct");
    }

    /** True where the verifier itself failed, so that the answer counts neither way. */
    public boolean masked() {
      return verdict.equals("error");
    }
  }

  /**
   * Reads an evaluation.
   *
   * @throws UserError where the file is missing or damaged
   */
  public static Evaluation read(Path file) {
    JsonObject json = JsonLines.readObject(file);
    List<Problem> problems = new ArrayList<>();
    for (JsonObject problem : json.objects("problems")) {
      problems.add(problem(problem));
    }
    if (problems.isEmpty()) {
      throw json.mismatch("problems", "at least one problem");
    }
    return new Evaluation(
        json.integer("step"),
        json.numberOrNaN("temperature"),
        json.numberOrNaN("top_p"),
        json.strings("formats"),
        problems);
  }

  private static Problem problem(JsonObject json) {
    List<Answer> samples = new ArrayList<>();
    for (Object sample : json.values("samples")) {
      samples.add(answer(json, "samples", sample));
    }
    Map<String, Answer> forced = new LinkedHashMap<>();
    if (json.has("forced")) {
      JsonObject byFormat = json.object("forced");
      for (String format : byFormat.names()) {
        forced.put(format, answer(json, "forced", byFormat.value(format)));
      }
    }
    Object greedy = json.value("greedy");
    return new Problem(
        json.string("id"), greedy == null ? null : answer(json, "greedy", greedy), samples, forced);
  }

  private static Answer answer(JsonObject json, String field, @Nullable Object found) {
    if (found instanceof List<?> list
        && list.size() >= 2
        && list.get(0) instanceof String format
        && list.get(1) instanceof String verdict) {
      Object value = list.size() > 2 ? list.get(2) : null;
      return new Answer(format, verdict, value == null ? null : value.toString());
    }
    throw json.mismatch(field, "answers as [format, verdict, value]");
  }

  /** Writes the evaluation, whole or not at all. */
  public void write(Path file) {
    JsonLines.writeFile(file, JsonObject.write(this::write) + "\n");
  }

  private void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeNumberField("step", step);
    JsonObject.number(json, "temperature", temperature);
    JsonObject.number(json, "top_p", topP);
    json.writeArrayFieldStart("formats");
    for (String format : formats) {
      json.writeString(format);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("problems");
    for (Problem problem : problems) {
      json.writeRaw("\n");
      write(json, problem);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Problem problem) throws IOException {
    json.writeStartObject();
    json.writeStringField("id", problem.id);
    if (problem.greedy != null) {
      json.writeFieldName("greedy");
      write(json, problem.greedy);
    }
    json.writeArrayFieldStart("samples");
    for (Answer sample : problem.samples) {
      write(json, sample);
    }
    json.writeEndArray();
    if (!problem.forced.isEmpty()) {
      json.writeObjectFieldStart("forced");
      for (Map.Entry<String, Answer> entry : problem.forced.entrySet()) {
        json.writeFieldName(entry.getKey());
        write(json, entry.getValue());
      }
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Answer answer) throws IOException {
    json.writeStartArray();
    json.writeString(answer.format);
    json.writeString(answer.verdict);
    if (answer.value != null) {
      json.writeString(answer.value);
    }
    json.writeEndArray();
  }
}
