package dev.anechoic.bench.gpucheck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.emulated.EmulationLibrary;
import dev.anechoic.model.io.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The check runs without a GPU too, on the emulated kernels, and lists what fails. */
class GpuCheckTest {
  private static final GpuCheck.Tools NO_TOOLS = new GpuCheck.Tools("no-python", "no-sanitizer");

  @TempDir private Path folder;

  private static void assumeEmulation() {
    String problem = EmulationLibrary.unavailableBecause();
    if (problem != null) {
      System.out.println("skipped: " + problem);
    }
    assumeTrue(problem == null, problem);
  }

  private GpuCheck check(String backend, GpuCheck.Tools tools) {
    return new GpuCheck(backend, true, tools, new PrintWriter(new StringWriter()));
  }

  private String markdown() throws Exception {
    return Files.readString(folder.resolve("gpucheck.md"));
  }

  @Test
  void everyPartRunsEmulatedAndIsWrittenAsJsonAndMarkdown() throws Exception {
    assumeEmulation();
    List<String> failures = check("cuda-emulated", NO_TOOLS).run(List.of(Part.values()), folder);
    assertEquals(List.of(), failures);
    Json json = Json.read(folder.resolve("gpucheck.json"));
    assertTrue(json.get("ceilings").get("matmul_tflops").doubleValue() > 0);
    assertTrue(json.get("ops").get("matmul").get("cases").intValue() > 0);
    for (Json kernel : json.get("kernels").items()) {
      assertTrue(kernel.get("rate").doubleValue() > 0, kernel.get("kernel").string());
    }
    double difference = json.get("loss").get("worst_relative_difference").doubleValue();
    assertTrue(difference <= json.get("loss").get("tolerance").doubleValue());
    for (String models : List.of("training", "rollouts")) {
      Json first = json.get(models).items().iterator().next();
      assertTrue(first.get("tokens_per_second").doubleValue() > 0);
    }
    assertEquals(0.0, json.get("ppo_logprob_mismatch").doubleValue());
    assertTrue(json.get("ppo_seconds").get("backward").doubleValue() > 0);
    assertTrue(markdown().contains("| matmul NN 64 |"));
    assertTrue(markdown().contains("sanitizer: no-sanitizer is not on the PATH"));
    assertTrue(markdown().contains("pytorch: no-python with the module torch"));
  }

  @Test
  void aBackendThatCannotRunIsListedAndTheRestGoesOn() {
    List<String> failures =
        check("no-such-backend", NO_TOOLS).run(List.of(Part.VERSIONS, Part.SPEED), folder);
    assertEquals(2, failures.size());
    assertTrue(failures.getFirst().contains("unknown"), failures.getFirst());
  }

  @Test
  void partsAreNamedByNumberOrName() {
    assertEquals(Part.LOSS, Part.of("3"));
    assertEquals(Part.SANITIZER, Part.of("Sanitizer"));
    var e = assertThrows(IllegalArgumentException.class, () -> Part.of("7"));
    assertTrue(String.valueOf(e.getMessage()).contains("4 (speed)"), e.getMessage());
    int limit = java.util.Arrays.stream(Part.values()).mapToInt(p -> p.limitSeconds).sum();
    assertTrue(limit <= 8 * 60, "limits of all parts together: " + limit + " s");
  }

  private String script(String name, String text) throws Exception {
    Path file = folder.resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + text);
    assertTrue(file.toFile().setExecutable(true));
    return file.toString();
  }

  private static void assumeShell() {
    assumeFalse(System.getProperty("os.name").startsWith("Windows"), "needs a shell");
  }

  @Test
  void whatPyTorchMeasuredStandsBesideOursAsARatio() throws Exception {
    assumeShell();
    String python =
        script(
            "python",
            """
            [ "$1" = -c ] && exit 0
            grep -q '"matmul" *: *64' "$2" || exit 9
            echo '{"version": "9.9", "problems": ["attention: none"], "rows": [
              {"work": "matmul", "ours": "matmul NN 64", "speed": 2.0, "unit": "TFLOP/s"},
              {"work": "other", "ours": "not measured", "speed": 3.0, "unit": "GB/s"}]}' > "$3"
            """);
    Report report = new Report(new PrintWriter(new StringWriter()));
    report.speed("matmul NN 64", 3.0);
    new PyTorch(report, python).run(Size.SMALL);
    report.write(folder);
    assertEquals(List.of("pytorch: attention: none"), report.failures());
    assertTrue(markdown().contains("| matmul | 2.000 TFLOP/s | 1.50 |"), markdown());
    assertTrue(markdown().contains("| other | 3.000 GB/s | not measured in this run |"));
  }

  @Test
  void anErrorUnderTheSanitizerIsListed() throws Exception {
    assumeShell();
    String sanitizer =
        script(
            "sanitizer",
            """
            [ "$1" = --version ] && exit 0
            [ "$2" = racecheck ] && exit 0
            echo '========= Invalid __global__ write of size 4 bytes'
            exit 86
            """);
    Report report = new Report(new PrintWriter(new StringWriter()));
    new Sanitizer(report, sanitizer).run("cuda", Part.SANITIZER);
    report.write(folder);
    assertEquals(1, report.failures().size());
    assertTrue(report.failures().getFirst().contains("Invalid __global__ write"));
    assertTrue(markdown().contains("racecheck: no error"));
  }
}
