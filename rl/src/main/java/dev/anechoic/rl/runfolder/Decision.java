package dev.anechoic.rl.runfolder;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Where the decision for a format sits ({@code decision.jsonl}): the mean logit of each format's
 * opening at the deciding token, read out after every layer (the logit lens), for one checkpoint.
 *
 * @param phase {@code before} or {@code after} RL
 * @param leader format whose lead is attributed: the winner
 * @param position mean index of the deciding token in the completion
 * @param prompts probe prompts averaged over
 * @param layers in model order, the embedding first
 */
public record Decision(
    String phase, String leader, double position, int prompts, List<Layer> layers) {

  /**
   * The readout after one layer.
   *
   * @param name the layer, such as {@code embed} or {@code layers.3}
   * @param logits mean logit of each format's opening token
   * @param attribution what the layer itself adds to the leader's logit over the mean of the
   *     others, by part ({@code embedding}, {@code head.0}, {@code mlp}); may be empty
   */
  public record Layer(String name, Map<String, Double> logits, Map<String, Double> attribution) {}

  /** Reads all lines of {@code decision.jsonl}. */
  public static List<Decision> read(Path file) {
    return JsonLines.readAll(file, Decision::parse);
  }

  static Decision parse(JsonObject json) {
    List<Layer> layers = new ArrayList<>();
    for (JsonObject layer : json.objects("layers")) {
      layers.add(
          new Layer(
              layer.string("name"), layer.numberMap("logits"), layer.numberMap("attribution")));
    }
    return new Decision(
        json.string("phase"),
        json.string("leader", ""),
        json.numberOrNaN("position"),
        json.integer("prompts"),
        layers);
  }

  /** Writes this readout as one object. */
  public void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("phase", phase);
    json.writeStringField("leader", leader);
    JsonObject.number(json, "position", position);
    json.writeNumberField("prompts", prompts);
    json.writeArrayFieldStart("layers");
    for (Layer layer : layers) {
      json.writeStartObject();
      json.writeStringField("name", layer.name);
      JsonObject.numbers(json, "logits", layer.logits);
      JsonObject.numbers(json, "attribution", layer.attribution);
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
