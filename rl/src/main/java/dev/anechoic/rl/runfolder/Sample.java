package dev.anechoic.rl.runfolder;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * One completion of {@code samples.jsonl}, as the sample browser shows it.
 *
 * @param id unique in the run, such as {@code s12-p3-g5}; the ledger points to it
 * @param step RL step; of an evaluation, the step of its checkpoint
 * @param phase {@code rl}, {@code eval-before} or {@code eval-after}
 * @param promptId the problem
 * @param prompt text of the prompt
 * @param completion text of the completion, without special tokens
 * @param format name of the format, {@code mixed} or {@code none}
 * @param status {@code well_formed}, {@code truncated}, {@code mixed} or {@code none}
 * @param verdict {@code correct}, {@code incorrect}, {@code unparsable}, {@code over_budget}, or
 *     {@code error} for a fault of the verifier itself
 * @param reward reward; NaN where masked
 * @param advantage advantage of the sequence (mean over its tokens); NaN where there is none
 * @param tokens text of each token
 * @param logprobs log-prob of each token under the sampling policy, nats
 * @param refLogprobs the same under the reference model; empty where there is none
 * @param ratios policy ratio of each token at the last update of the step; empty where there is
 *     none
 */
public record Sample(
    String id,
    int step,
    String phase,
    String promptId,
    String prompt,
    String completion,
    String format,
    String status,
    String verdict,
    double reward,
    double advantage,
    List<String> tokens,
    double[] logprobs,
    double[] refLogprobs,
    double[] ratios) {

  /** The name of a completion of a rollout. */
  public static String id(int step, int prompt, int sample) {
    return "s" + step + "-p" + prompt + "-g" + sample;
  }

  /** Reads all lines of {@code samples.jsonl}. */
  public static List<Sample> read(Path file) {
    return JsonLines.readAll(file, Sample::parse);
  }

  static Sample parse(JsonObject json) {
    return new Sample(
        json.string("id"),
        json.integer("step"),
        json.string("phase", "rl"),
        json.string("prompt_id", ""),
        json.string("prompt"),
        json.string("completion"),
        json.string("format"),
        json.string("status", "well_formed"),
        json.string("verdict"),
        json.numberOrNaN("reward"),
        json.numberOrNaN("advantage"),
        json.strings("tokens"),
        json.numbers("logprobs"),
        json.numbers("ref_logprobs"),
        json.numbers("ratios"));
  }

  /** Writes this sample as one object. */
  public void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("id", id);
    json.writeNumberField("step", step);
    json.writeStringField("phase", phase);
    json.writeStringField("prompt_id", promptId);
    json.writeStringField("prompt", prompt);
    json.writeStringField("completion", completion);
    json.writeStringField("format", format);
    json.writeStringField("status", status);
    json.writeStringField("verdict", verdict);
    JsonObject.number(json, "reward", reward);
    JsonObject.number(json, "advantage", advantage);
    json.writeArrayFieldStart("tokens");
    for (String token : tokens) {
      json.writeString(token);
    }
    json.writeEndArray();
    floats(json, "logprobs", logprobs);
    floats(json, "ref_logprobs", refLogprobs);
    floats(json, "ratios", ratios);
    json.writeEndObject();
  }

  /** Per-token numbers come from 32-bit floats, so they are written as such: shorter, same bits. */
  private static void floats(JsonGenerator json, String name, double[] values) throws IOException {
    json.writeArrayFieldStart(name);
    for (double value : values) {
      if (Double.isFinite(value)) {
        json.writeNumber((float) value);
      } else {
        json.writeNull();
      }
    }
    json.writeEndArray();
  }
}
