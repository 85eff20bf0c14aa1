package dev.anechoic.bench.gpucheck;

import dev.anechoic.model.io.AtomicFiles;
import dev.anechoic.model.io.Json;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.spec.Conformance;
import dev.anechoic.tensor.spec.ConformanceReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Runs the parts of {@code gpucheck} one after the other. A part that fails is listed and does not
 * stop the rest. The result is one JSON file and one Markdown file.
 */
final class GpuCheck {
  private static final String PARITY = "parity with the reference";

  /** The ops that round operands to bf16: held to every promise but the f32 tolerance. */
  private static final List<String> TENSOR_CORE_OPS =
      List.of("matmul", "attention", "attentionBackward", "attentionCached");

  /** What can be run alone. */
  enum Part {
    VERSIONS,
    OPS,
    KERNELS
  }

  private final String backendName;
  private final boolean small;
  private final PrintWriter out;
  private final Map<String, Object> json = new LinkedHashMap<>();
  private final StringBuilder markdown = new StringBuilder("# gpucheck\n");
  private final List<String> failures = new ArrayList<>();

  GpuCheck(String backendName, boolean small, PrintWriter out) {
    this.backendName = backendName;
    this.small = small;
    this.out = out;
  }

  /** Runs the parts and writes {@code gpucheck.json} and {@code gpucheck.md} to the folder. */
  List<String> run(List<Part> parts, Path folder) {
    for (Part part : parts) {
      long start = System.nanoTime();
      say("== " + part.name().toLowerCase(Locale.ROOT));
      try {
        switch (part) {
          case VERSIONS -> versions();
          case OPS -> ops();
          case KERNELS -> kernels();
        }
      } catch (RuntimeException e) {
        fail(part.name().toLowerCase(Locale.ROOT) + ": " + e.getMessage());
      }
      say("   %.1f s".formatted((System.nanoTime() - start) / 1e9));
    }
    json.put("failures", failures);
    createFolder(folder);
    markdown.append("\n## Failures\n\n");
    markdown.append(failures.isEmpty() ? "None.\n" : "* " + String.join("\n* ", failures) + "\n");
    Json.write(folder.resolve("gpucheck.json"), json);
    AtomicFiles.write(
        folder.resolve("gpucheck.md"), markdown.toString().getBytes(StandardCharsets.UTF_8));
    return failures;
  }

  private static void createFolder(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }

  private void fail(String what) {
    failures.add(what);
    say("   FAILED: " + what);
  }

  private Backend open() {
    return Backends.open(backendName, BackendOptions.DEFAULT).backend();
  }

  private void versions() {
    try (Backend backend = open()) {
      Map<String, Object> versions = new LinkedHashMap<>();
      versions.put("backend", backend.description());
      versions.put("java", Runtime.version().toString());
      versions.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
      json.put("versions", versions);
      markdown.append("\n## Versions\n\n");
      versions.forEach((key, value) -> markdown.append("* %s: %s%n".formatted(key, value)));
      versions.forEach((key, value) -> say("   " + key + ": " + value));
    }
  }

  private void ops() {
    Conformance.Options options = Conformance.Options.QUICK.withAllocations(false);
    ConformanceReport report = Conformance.run(backendName, options);
    boolean roundsOperands = !backendName.endsWith("f32") && !backendName.equals("cuda-emulated");
    List<String> broken =
        report.failures().stream()
            .filter(f ->
                !(roundsOperands
                    && f.property().equals(PARITY)
                    && TENSOR_CORE_OPS.contains(f.op())))
            .map(ConformanceReport.Failure::toString)
            .toList();
    Map<String, Object> ops = new LinkedHashMap<>();
    for (ConformanceReport.OpResult op : report.ops()) {
      ops.put(op.op(), Map.of("cases", op.cases(), "worst_error_units", op.worst()));
    }
    json.put("ops", ops);
    markdown.append(
        "\n## Op table\n\n%d ops, %d cases, %d broken promises.%n"
            .formatted(report.ops().size(), report.cases(), broken.size()));
    say("   %d ops, %d cases".formatted(report.ops().size(), report.cases()));
    broken.forEach(this::fail);
  }

  private void kernels() {
    try (Backend backend = open()) {
      KernelBenchmarks.Size size = small ? KernelBenchmarks.Size.SMALL : KernelBenchmarks.Size.FULL;
      KernelBenchmarks benchmarks = new KernelBenchmarks(backend, size);
      List<KernelRate> rates = benchmarks.run();
      double launchNanos = benchmarks.launchNanos();
      json.put("launch_nanos", launchNanos);
      json.put("kernels", rates.stream().map(GpuCheck::row).toList());
      markdown.append(
          "\n## Kernels\n\nOne launch with nothing to do: %.0f ns.%n".formatted(launchNanos));
      markdown.append("\n| kernel | time | rate | share of ceiling |\n|---|---|---|---|\n");
      for (KernelRate rate : rates) {
        String line = line(rate);
        markdown.append(line);
        say("   " + line.strip());
      }
    }
  }

  private static Map<String, Object> row(KernelRate rate) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("kernel", rate.kernel());
    row.put("nanos", rate.nanos());
    row.put("rate", rate.perSecond() / rate.unit().scale);
    row.put("unit", rate.unit().rate);
    row.put("share_of_ceiling", Double.isNaN(rate.share()) ? null : rate.share());
    return row;
  }

  private static String line(KernelRate rate) {
    String share = Double.isNaN(rate.share()) ? "ceiling" : "%.0f %%".formatted(100 * rate.share());
    return "| %s | %,.1f us | %.3g %s | %s |%n"
        .formatted(
            rate.kernel(),
            rate.nanos() / 1e3,
            rate.perSecond() / rate.unit().scale,
            rate.unit().rate,
            share);
  }
}
