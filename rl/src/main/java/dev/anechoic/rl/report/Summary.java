package dev.anechoic.rl.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.anechoic.rl.measure.PriceSplit;
import dev.anechoic.rl.measure.Winner;
import dev.anechoic.rl.runfolder.JsonLines;
import dev.anechoic.rl.runfolder.JsonObject;
import dev.anechoic.rl.runfolder.RunFolder;
import java.io.IOException;

/** The headline figures of a run as {@code summary.json}, for scripts. */
public final class Summary {
  private Summary() {}

  /** Computes the figures and writes them into the run's folder. */
  public static void write(RunData run) {
    JsonLines.writeFile(
        run.folder().file(RunFolder.SUMMARY), JsonObject.write(json -> write(json, run)) + "\n");
  }

  private static void write(JsonGenerator json, RunData run) throws IOException {
    String winner = run.winnerName();
    PriceSplit gain = run.gain();
    json.useDefaultPrettyPrinter();
    json.writeStartObject();
    json.writeStringField("name", run.name());
    json.writeStringField("winner", winner);
    number(json, "winner_share_before", run.shareBefore(winner));
    number(json, "winner_share_after", run.shareAfter(winner));
    number(json, "accuracy_before", run.accuracyBefore());
    number(json, "accuracy_after", run.accuracyAfter());
    if (run.switchStep().isPresent()) {
      json.writeNumberField("switch_step", run.switchStep().getAsInt());
    }
    json.writeStringField("switch_definition", Winner.DEFINITION);
    json.writeNumberField("last_step", run.lastStep());
    json.writeStringField("measured_on", run.evaluated() ? "evaluation" : "training steps");
    number(json, "gain", gain.total());
    number(json, "gain_selection", gain.selection());
    number(json, "gain_within", gain.within());
    number(json, "gain_cross", gain.cross());
    number(json, "gain_entered", gain.entered());
    json.writeEndObject();
  }

  private static void number(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(name, value);
    }
  }
}
