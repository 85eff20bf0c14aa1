package dev.anechoic.rl.runfolder;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One optimizer step of {@code ledger.jsonl}: who pushed the formats, through which loss term and
 * layer, and whether the push explains the movement.
 *
 * @param step RL step
 * @param update optimizer step, counted over the run
 * @param lr learning rate in force
 * @param clip factor by which the gradient was clipped; 1 where it was not
 * @param gradNorm norm of the whole gradient before clipping
 * @param relativeError {@code ‖Σ g_f − g‖ / ‖g‖}
 * @param seconds time the ledger took at this step
 * @param stepSeconds time of the whole update, the ledger included
 * @param pushes one per format and loss term
 * @param cosines cosine between the gradients of two formats, keyed {@code code|tool}
 * @param movements one per format, on the probe prompts
 * @param samples the completions with the largest pushes, largest first
 * @param covariance covariance of log-prob and advantage over tokens: {@code mean} and quantiles
 *     keyed by their probability ({@code 0.5}, {@code 0.998}); empty where not measured
 */
public record LedgerEntry(
    int step,
    int update,
    double lr,
    double clip,
    double gradNorm,
    double relativeError,
    double seconds,
    double stepSeconds,
    List<Push> pushes,
    Map<String, Double> cosines,
    List<Movement> movements,
    List<SamplePush> samples,
    Map<String, Double> covariance) {

  /**
   * The gradient of one format through one loss term.
   *
   * @param format the format whose samples it comes from
   * @param term {@code policy}, {@code kl}, {@code entropy} or {@code value}
   * @param norm its norm
   * @param cosine its cosine with the whole gradient
   * @param tokens completion tokens of the format in the update
   * @param advantageMass sum of the advantages of the format's samples
   * @param layers norm per layer, keyed by the layer's name, in model order
   * @param logOdds its part of the first-order change in the log-odds of each format: of this
   *     update's gradient alone
   * @param carried the same of the momentum that earlier gradients of this format and term left
   * @param logitGradient sum of {@code ∂L/∂z} over the format's completions, z the logit of each
   *     format's opening at the deciding token
   * @param logitNorm its Euclidean norm over the completions
   */
  public record Push(
      String format,
      String term,
      double norm,
      double cosine,
      long tokens,
      double advantageMass,
      Map<String, Double> layers,
      Map<String, Double> logOdds,
      Map<String, Double> carried,
      Map<String, Double> logitGradient,
      Map<String, Double> logitNorm) {

    /** Its whole part in the movement of a format: this update's gradient and what it carried. */
    public double on(String target) {
      return logOdds.getOrDefault(target, 0.0) + carried.getOrDefault(target, 0.0);
    }
  }

  /**
   * Movement of one format on the probe prompts, in nats of log-odds.
   *
   * @param format the format
   * @param before mean log-odds before the update
   * @param after mean log-odds after it
   * @param predicted first-order prediction of the change from the whole applied update: the sum of
   *     all pushes, of {@code momentum} and of {@code decay}
   * @param momentum part of the momentum whose source is not known, from updates not watched
   * @param decay part of the weight decay
   */
  public record Movement(
      String format, double before, double after, double predicted, double momentum, double decay) {
    public double observed() {
      return after - before;
    }
  }

  /**
   * The push of one completion.
   *
   * @param id the completion in {@code samples.jsonl}
   * @param format its format
   * @param push its part of the first-order change in the log-odds of its own format
   */
  public record SamplePush(String id, String format, double push) {}

  /** Reads all lines of {@code ledger.jsonl}. */
  public static List<LedgerEntry> read(Path file) {
    return JsonLines.readAll(file, LedgerEntry::parse);
  }

  static LedgerEntry parse(JsonObject json) {
    List<Push> pushes = new ArrayList<>();
    for (JsonObject push : json.objects("pushes")) {
      pushes.add(
          new Push(
              push.string("format"),
              push.string("term"),
              push.numberOrNaN("norm"),
              push.numberOrNaN("cosine"),
              push.longInteger("tokens", 0),
              push.numberOrNaN("advantage_mass"),
              push.numberMap("layers"),
              push.numberMap("log_odds"),
              push.numberMap("carried"),
              push.numberMap("logit_gradient"),
              push.numberMap("logit_norm")));
    }
    List<Movement> movements = new ArrayList<>();
    for (JsonObject movement : json.objects("movements")) {
      movements.add(
          new Movement(
              movement.string("format"),
              movement.numberOrNaN("before"),
              movement.numberOrNaN("after"),
              movement.numberOrNaN("predicted"),
              movement.numberOrNaN("momentum"),
              movement.numberOrNaN("decay")));
    }
    List<SamplePush> samples = new ArrayList<>();
    for (JsonObject sample : json.objects("samples")) {
      samples.add(
          new SamplePush(sample.string("id"), sample.string("format"), sample.numberOrNaN("push")));
    }
    return new LedgerEntry(
        json.integer("step"),
        json.integer("update"),
        json.numberOrNaN("lr"),
        json.numberOrNaN("clip"),
        json.numberOrNaN("grad_norm"),
        json.numberOrNaN("relative_error"),
        json.numberOrNaN("seconds"),
        json.numberOrNaN("step_seconds"),
        pushes,
        json.numberMap("cosines"),
        movements,
        samples,
        new LinkedHashMap<>(json.numberMap("covariance")));
  }

  /** Writes this entry as one object. */
  public void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeNumberField("step", step);
    json.writeNumberField("update", update);
    JsonObject.number(json, "lr", lr);
    JsonObject.number(json, "clip", clip);
    JsonObject.number(json, "grad_norm", gradNorm);
    JsonObject.number(json, "relative_error", relativeError);
    JsonObject.number(json, "seconds", seconds);
    JsonObject.number(json, "step_seconds", stepSeconds);
    json.writeArrayFieldStart("pushes");
    for (Push push : pushes) {
      write(json, push);
    }
    json.writeEndArray();
    JsonObject.numbers(json, "cosines", cosines);
    json.writeArrayFieldStart("movements");
    for (Movement movement : movements) {
      json.writeStartObject();
      json.writeStringField("format", movement.format);
      JsonObject.number(json, "before", movement.before);
      JsonObject.number(json, "after", movement.after);
      JsonObject.number(json, "predicted", movement.predicted);
      JsonObject.number(json, "momentum", movement.momentum);
      JsonObject.number(json, "decay", movement.decay);
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("samples");
    for (SamplePush sample : samples) {
      json.writeStartObject();
      json.writeStringField("id", sample.id);
      json.writeStringField("format", sample.format);
      JsonObject.number(json, "push", sample.push);
      json.writeEndObject();
    }
    json.writeEndArray();
    JsonObject.numbers(json, "covariance", covariance);
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Push push) throws IOException {
    json.writeStartObject();
    json.writeStringField("format", push.format);
    json.writeStringField("term", push.term);
    JsonObject.number(json, "norm", push.norm);
    JsonObject.number(json, "cosine", push.cosine);
    json.writeNumberField("tokens", push.tokens);
    JsonObject.number(json, "advantage_mass", push.advantageMass);
    JsonObject.numbers(json, "layers", push.layers);
    JsonObject.numbers(json, "log_odds", push.logOdds);
    JsonObject.numbers(json, "carried", push.carried);
    JsonObject.numbers(json, "logit_gradient", push.logitGradient);
    JsonObject.numbers(json, "logit_norm", push.logitNorm);
    json.writeEndObject();
  }
}
