package dev.anechoic.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.io.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RlBenchTest {
  @TempDir Path folder;

  @Test
  void operationsOfThePhasesAddUpToThoseOfTheStep() {
    Path file = folder.resolve("rows.json");
    int code =
        new CommandLine(new BenchCommand())
            .setOut(new PrintWriter(new StringWriter()))
            .execute(
                "rl",
                "--preset=nano",
                "--vocab=300",
                "--prompts=2",
                "--samples=2",
                "--new-tokens=8",
                "--warmup=0",
                "--seconds=0",
                "--json=" + file);
    assertEquals(0, code);
    Map<String, Json> rows = new LinkedHashMap<>();
    Json.read(file).items().forEach(row -> rows.put(row.get("name").string(), row));
    for (String phase : new String[] {"rollout", "reference", "forward", "backward"}) {
      double flops = rows.get("rl/" + phase).get("flops").doubleValue();
      assertTrue(flops > 0, phase);
    }
    // The head sits on the policy: its values have come from the rollout.
    assertEquals(0, rows.get("rl/value").get("flops").doubleValue());
    assertTrue(rows.containsKey("rl/reward") && rows.containsKey("rl/optimizer"));
    double flops =
        rows.values().stream()
            .filter(row -> row.get("name").string().startsWith("rl/") && row.has("flops"))
            .mapToDouble(row -> row.get("flops").doubleValue())
            .sum();
    assertEquals(rows.get("rl").get("flops").doubleValue(), flops, flops * 1e-12);
    assertEquals(
        2 * rows.get("rl/forward").get("flops").doubleValue(),
        rows.get("rl/backward").get("flops").doubleValue(),
        flops * 1e-12);
  }
}
