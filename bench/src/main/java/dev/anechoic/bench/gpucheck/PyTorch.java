package dev.anechoic.bench.gpucheck;

import dev.anechoic.model.io.Json;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Preset;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Part 5: the same work in PyTorch, where Python has it: {@code pytorch_peer.py} times it on the
 * same device right after part 4, and each result is put beside ours as a ratio.
 */
final class PyTorch {
  private static final String SCRIPT = "pytorch_peer.py";

  private final Report report;
  private final String python;

  PyTorch(Report report, String python) {
    this.report = report;
    this.python = python;
  }

  void run(Size size) {
    report.section("PyTorch");
    if (!External.works(List.of(python, "-c", "import torch"))) {
      report.skip("pytorch: " + python + " with the module torch is not on the PATH");
      return;
    }
    Path folder = temporary();
    try {
      compare(size, folder);
    } finally {
      PpoStep.delete(folder);
    }
  }

  private void compare(Size size, Path folder) {
    Path script = folder.resolve(SCRIPT);
    Path task = folder.resolve("task.json");
    Path result = folder.resolve("result.json");
    copyScript(script);
    Json.write(task, task(size));
    External.Result ended =
        External.run(
            List.of(python, script.toString(), task.toString(), result.toString()),
            Part.PYTORCH.limitSeconds - 10);
    // The script writes after every measurement, so what it got to counts.
    if (Files.exists(result)) {
      table(Json.read(result));
    }
    if (ended.status() != 0) {
      report.fail("pytorch: ended with status %d%n%s".formatted(ended.status(), ended.tail()));
    }
  }

  private static Map<String, Object> task(Size size) {
    Map<String, Object> task = new LinkedHashMap<>();
    task.put("matmul", size.matmul());
    task.put("rows", size.rows());
    task.put("columns", size.columns());
    task.put("time", size.time());
    task.put("heads", size.heads());
    task.put("round_seconds", size.roundNanos() / 1e9);
    task.put("seconds", size.seconds());
    task.put("training", size.training().stream().map(PyTorch::load).toList());
    task.put("rollouts", size.rollouts().stream().map(PyTorch::load).toList());
    return task;
  }

  private static Map<String, Object> load(Size.Load load) {
    ModelConfig config = Preset.named(load.preset()).config(load.vocabulary(), load.time());
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", load.name());
    map.put("vocabulary", config.vocabSize());
    map.put("channels", config.channels());
    map.put("layers", config.layers());
    map.put("heads", config.heads());
    map.put("tied", config.tied());
    map.put("batch", load.batch());
    map.put("time", load.time());
    return map;
  }

  private void table(Json result) {
    report.header("work", "PyTorch", "ours / PyTorch (speed)");
    List<Object> rows = new ArrayList<>();
    for (Json row : result.get("rows").items()) {
      String work = row.get("work").string();
      double theirs = row.get("speed").doubleValue();
      double ours = report.speed(row.get("ours").string());
      report.row(
          work,
          "%.4g %s".formatted(theirs, row.get("unit").string()),
          Double.isNaN(ours) ? "not measured in this run" : "%.2f".formatted(ours / theirs));
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("work", work);
      line.put("speed", theirs);
      line.put("unit", row.get("unit").string());
      if (!Double.isNaN(ours)) {
        line.put("ours_over_pytorch", ours / theirs);
      }
      rows.add(line);
    }
    report.put("pytorch", Map.of("version", result.get("version").string(), "rows", rows));
    for (Json problem : result.get("problems").items()) {
      report.fail("pytorch: " + problem.string());
    }
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("anechoic-pytorch-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copyScript(Path to) {
    try (InputStream in = PyTorch.class.getResourceAsStream(SCRIPT)) {
      if (in == null) {
        throw new IllegalStateException(SCRIPT + " is missing from the bench jar");
      }
      Files.copy(in, to, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
