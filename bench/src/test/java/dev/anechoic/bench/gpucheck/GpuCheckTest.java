package dev.anechoic.bench.gpucheck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.cuda.AttentionTile;
import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.kernels.cuda.LadderAttention;
import dev.anechoic.kernels.cuda.LadderMatmul;
import dev.anechoic.kernels.cuda.MatmulTile;
import dev.anechoic.kernels.emulated.EmulationLibrary;
import dev.anechoic.model.io.Json;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.spec.OpTable;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The check runs without a GPU too, on the emulated kernels, and lists what fails. */
class GpuCheckTest {
  private static final GpuCheck.Tools NO_TOOLS = new GpuCheck.Tools("no-python", "no-sanitizer");

  private static final Ceilings CEILINGS = new Ceilings(1e9, 1e9, "nothing");

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
    // In f32 and without wgmma: eight steps and the shipped kernel, and no tiles to choose among.
    assertEquals(9, json.get("ladder_matmul").items().size());
    assertEquals(5, json.get("ladder_attention").items().size());
    assertTrue(markdown().contains("ladderMatmul9: it needs compute capability 9.0"));
    assertTrue(markdown().contains("tiles: backend cuda-emulated multiplies in f32"));
    assertTrue(markdown().contains("tiles of attention: backend cuda-emulated works in f32"));
    assertTrue(markdown().contains("sanitizer: no-sanitizer is not on the PATH"));
    assertTrue(markdown().contains("pytorch: no-python with the module torch"));
  }

  /** Products and attention have rows of other sizes; every op has at least one. */
  @Test
  void everyOpOfTheTableIsMeasured() throws Exception {
    assumeEmulation();
    for (String name : List.of("cuda-emulated", "cuda-emulated-sm90")) {
      Report report = new Report(new PrintWriter(new StringWriter()));
      try (CudaBackend backend = open(name)) {
        new KernelBenchmarks(backend, Size.SMALL, CEILINGS, report).run();
      }
      report.write(folder);
      Set<String> open = new TreeSet<>();
      OpTable.all().forEach(op -> open.add(op.name()));
      open.remove("advance"); // measured as a round of a graph
      for (Json row : Json.read(folder.resolve("gpucheck.json")).get("kernels").items()) {
        String kernel = row.get("kernel").string();
        open.remove(kernel.split(" ")[0]);
        if (kernel.startsWith("attentionCached")) {
          // Keys and values of 2 x 64 positions, 2 heads of D, in 2 or 4 bytes.
          int headSize = Integer.parseInt(kernel.replaceAll(".* D=", ""));
          double bytes = row.get("rate").doubleValue() * row.get("nanos").doubleValue();
          int each = name.equals("cuda-emulated") ? 4 : 2;
          assertEquals(2.0 * 2 * 64 * 2 * headSize * each, bytes, 1e-3 * bytes);
        }
      }
      assertEquals(Set.of(), open, name);
    }
  }

  @Test
  void everyTileAndEveryStepOfTheLadderIsMeasuredWhereTheDeviceHasWgmma() throws Exception {
    assumeEmulation();
    Report report = new Report(new PrintWriter(new StringWriter()));
    try (CudaBackend backend = open("cuda-emulated-sm90")) {
      new TileSweep(backend, Size.SMALL, report).run();
      new AttentionSweep(backend, Size.SMALL, report).run();
      new LadderBenchmarks(backend, Size.SMALL, CEILINGS, report).run();
    }
    report.write(folder);
    assertEquals(List.of(), report.failures());
    Json json = Json.read(folder.resolve("gpucheck.json"));
    int alone = 0;
    for (Json product : json.get("tiles").items()) {
      String label = product.get("product").string();
      for (MatmulTile tile : MatmulTile.values()) {
        assertTrue(product.get("tflops").get(tile.toString()).doubleValue() > 0, label);
      }
      assertTrue(product.get("best_over_rule").doubleValue() >= 1, label);
      assertTrue(MatmulTile.valueOf(product.get("rule").string()).wgmma(), label);
      alone += label.endsWith(", alone") ? 1 : 0;
    }
    // Two squares; four layers and the head forward, and both gradients of each.
    assertEquals(2 + 5 * 3, json.get("tiles").items().size() - alone);
    assertEquals(2 + 4 + 1, alone);
    assertEquals(LadderMatmul.values().length + 1, json.get("ladder_matmul").items().size());
    assertEquals(LadderAttention.values().length + 1, json.get("ladder_attention").items().size());
    assertTrue(markdown().contains("| shipped, WGMMA_64X128 |"));
    assertTrue(markdown().contains("| shipped, WGMMA_128 |"));
    // Three long sequences and a training step, both ways; three caches.
    assertEquals(2 * 4 + 3, json.get("attention_tiles").items().size());
    for (Json row : json.get("attention_tiles").items()) {
      String label = row.get("attention").string();
      boolean wgmma = AttentionTile.valueOf(row.get("rule").string()).wgmma();
      assertEquals(wgmma, !label.endsWith("D=16"), label);
      for (AttentionTile tile : AttentionTile.values()) {
        if (wgmma || !tile.wgmma()) {
          assertTrue(row.get("tflops").get(tile.toString()).doubleValue() > 0, label);
        }
      }
      assertTrue(row.get("best_over_rule").doubleValue() >= 1, label);
    }
  }

  @Test
  void aStepThatFailsIsListedAndTheNextOnesRun() throws Exception {
    assumeEmulation();
    Report report = new Report(new PrintWriter(new StringWriter()));
    try (CudaBackend backend = open("cuda-emulated-sm90")) {
      new LadderBenchmarks(backend, withLadder(Size.SMALL, 64), CEILINGS, report).run();
    }
    report.write(folder);
    // Of the steps only those whose tile is no larger than 64 x 64 take such a product.
    List<String> steps =
        Json.read(folder.resolve("gpucheck.json")).get("ladder_matmul").items().stream()
            .map(row -> row.get("kernel").string())
            .toList();
    assertEquals(
        List.of(
            "ladderMatmul1",
            "ladderMatmul2",
            "ladderMatmul3",
            "ladderMatmul6",
            "shipped, WGMMA_64X32"),
        steps);
    assertEquals(7, report.failures().size());
    assertTrue(report.failures().getFirst().startsWith("ladder, ladderMatmul4: "));
  }

  private static CudaBackend open(String name) {
    return (CudaBackend) Backends.open(name, BackendOptions.DEFAULT).backend();
  }

  private static Size withLadder(Size s, int ladder) {
    return new Size(
        s.ops(),
        s.matmul(),
        ladder,
        s.rows(),
        s.columns(),
        s.time(),
        s.heads(),
        s.decodeBatch(),
        s.roundNanos(),
        s.sweepRoundNanos(),
        s.seconds(),
        s.lossSteps(),
        s.lossPreset(),
        s.training(),
        s.rollouts(),
        s.ppoPreset());
  }

  @Test
  void aBackendThatCannotRunIsListedAndTheRestGoesOn() {
    List<String> failures =
        check("no-such-backend", NO_TOOLS).run(List.of(Part.VERSIONS, Part.SPEED), folder);
    assertEquals(2, failures.size());
    assertTrue(failures.getFirst().contains("unknown"), failures.getFirst());
  }

  @Test
  void aPartThatRunsOutOfTimeEndsBeforeTheNextOne() {
    assumeEmulation();
    StringWriter said = new StringWriter();
    GpuCheck check = new GpuCheck("cuda-emulated", true, NO_TOOLS, new PrintWriter(said));
    check.runBounded(Part.SPEED, 300);
    assertTrue(said.toString().contains("FAILED: speed: not done after 0 s"), said.toString());
    boolean goesOn =
        Thread.getAllStackTraces().keySet().stream()
            .anyMatch(thread -> thread.getName().equals("gpucheck-speed"));
    assertFalse(goesOn, said.toString());
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
    long left = temporaryFolders();
    new PyTorch(report, python).run(Size.SMALL);
    assertEquals(left, temporaryFolders());
    report.write(folder);
    assertEquals(List.of("pytorch: attention: none"), report.failures());
    assertTrue(markdown().contains("| matmul | 2.000 TFLOP/s | 1.50 |"), markdown());
    assertTrue(markdown().contains("| other | 3.000 GB/s | not measured in this run |"));
  }

  /** The script names our measurements; a name that part 4 does not give would lose the ratio. */
  @Test
  void everyComparisonFindsItsCounterpart() throws Exception {
    assumeEmulation();
    assumeShell();
    assumeTrue(External.works(List.of("python3", "--version")), "needs python3");
    Path modules = folder.resolve("modules/torch/nn");
    Files.createDirectories(modules);
    for (String file :
        List.of("__init__.py", "nn/__init__.py", "nn/functional.py", "nn/attention.py")) {
      try (InputStream in = GpuCheckTest.class.getResourceAsStream("torch/" + file)) {
        Files.copy(in, folder.resolve("modules/torch").resolve(file));
      }
    }
    String python =
        script("python", "PYTHONPATH=%s exec python3 \"$@\"".formatted(folder.resolve("modules")));
    GpuCheck.Tools tools = new GpuCheck.Tools(python, "no-sanitizer");
    List<String> failures =
        check("cuda-emulated-bf16", tools).run(List.of(Part.SPEED, Part.PYTORCH), folder);
    assertEquals(List.of(), failures);
    assertFalse(markdown().contains("not measured in this run"), markdown());
    // Products three ways, attention both ways of two backends with two head sizes, four row
    // kernels, AdamW, a rollout and a training.
    Json rows = Json.read(folder.resolve("gpucheck.json")).get("pytorch").get("rows");
    assertEquals(3 + 8 + 4 + 1 + 1 + 1, rows.items().size());
  }

  private static long temporaryFolders() throws Exception {
    try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return all.filter(p -> p.getFileName().toString().startsWith("anechoic-pytorch-")).count();
    }
  }

  private Report sanitized(String memcheck) throws Exception {
    String sanitizer =
        script(
            "sanitizer",
            """
            [ "$1" = --version ] && exit 0
            [ "$2" = racecheck ] && echo '57 ops, 1960 cases, 2 failures' && exit 1
            %s
            """
                .formatted(memcheck));
    Report report = new Report(new PrintWriter(new StringWriter()));
    new Sanitizer(report, sanitizer).run("cuda", Part.SANITIZER);
    report.write(folder);
    assertTrue(markdown().contains("racecheck: no error\n"));
    return report;
  }

  @Test
  void anErrorUnderTheSanitizerIsListed() throws Exception {
    assumeShell();
    String error = "echo '========= Invalid __global__ write of size 4 bytes'\n";
    for (String end : List.of("exit 86", "echo '57 ops, 1960 cases'")) {
      List<String> failures = sanitized(error + end).failures();
      assertEquals(1, failures.size());
      assertTrue(failures.getFirst().contains("memcheck: errors found"), failures.getFirst());
      assertTrue(failures.getFirst().contains("Invalid __global__ write"));
    }
  }

  @Test
  void anOpTableThatDoesNotGetToItsEndUnderTheSanitizerIsNoSuccess() throws Exception {
    assumeShell();
    List<String> failures = sanitized("echo 'no such class'\nexit 1").failures();
    assertEquals(1, failures.size());
    assertTrue(failures.getFirst().contains("status 1 before its end"), failures.getFirst());
    assertEquals(List.of(), sanitized("echo '57 ops, 1960 cases'").failures());
  }

  /** The child of a pack needs its folder of native libraries. */
  @Test
  void theSanitizedProgramFindsTheSameNativeLibraries() throws Exception {
    assumeShell();
    Report report =
        sanitized(
            """
            for argument in "$@"; do
              [ "$argument" = "-Djava.library.path=%s" ] && echo '57 ops, 1960 cases'
            done
            exit 0
            """
                .formatted(System.getProperty("java.library.path")));
    assertEquals(List.of(), report.failures());
  }
}
