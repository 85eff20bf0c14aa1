package dev.anechoic.bench.gpucheck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
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
  @TempDir private Path folder;

  @Test
  void kernelsAreTimedAndWrittenAsJsonAndMarkdown() throws Exception {
    String problem = EmulationLibrary.unavailableBecause();
    if (problem != null) {
      System.out.println("skipped: " + problem);
    }
    assumeTrue(problem == null, problem);
    GpuCheck check = new GpuCheck("cuda-emulated", true, new PrintWriter(new StringWriter()));
    List<String> failures =
        check.run(List.of(GpuCheck.Part.VERSIONS, GpuCheck.Part.KERNELS), folder);
    assertEquals(List.of(), failures);
    Json json = Json.read(folder.resolve("gpucheck.json"));
    for (Json kernel : json.get("kernels").items()) {
      assertTrue(kernel.get("rate").doubleValue() > 0, kernel.get("kernel").string());
    }
    assertTrue(Files.readString(folder.resolve("gpucheck.md")).contains("| matmul NN 64 |"));
  }

  @Test
  void aBackendThatCannotRunIsListedAndTheRestGoesOn() {
    GpuCheck check = new GpuCheck("no-such-backend", true, new PrintWriter(new StringWriter()));
    List<String> failures =
        check.run(List.of(GpuCheck.Part.VERSIONS, GpuCheck.Part.KERNELS), folder);
    assertEquals(2, failures.size());
    assertTrue(failures.getFirst().contains("unknown"), failures.getFirst());
  }
}
