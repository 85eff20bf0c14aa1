package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.corpus.CorpusWriter;
import dev.anechoic.model.corpus.FormatDials;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.rl.runfolder.Manifest;
import dev.anechoic.rl.runfolder.Manifest.HashedFile;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.tensor.Backend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Names everything that a run was made from; the corpus is unknown to RL on a user's checkpoint.
 */
final class Manifests {
  private Manifests() {}

  static void write(
      RunFolder folder,
      StudyConfig config,
      String preset,
      Checkpoint base,
      @Nullable Path corpus,
      String command,
      Backend backend) {
    List<HashedFile> files = new ArrayList<>();
    if (corpus != null) {
      files.add(file("corpus", folder.path(), corpus.resolve(CorpusWriter.CORPUS)));
      files.add(file("corpus manifest", folder.path(), corpus.resolve(CorpusWriter.MANIFEST)));
    }
    files.add(file("tokenizer", folder.path(), base.folder().resolve(Tokenizer.FILE)));
    files.add(file("base checkpoint", folder.path(), base.folder().resolve("model.safetensors")));
    Path policy = folder.file("policy").resolve("model.safetensors");
    if (Files.exists(policy)) {
      files.add(file("policy checkpoint", folder.path(), policy));
    }
    new Manifest(
            folder.path().toAbsolutePath().normalize().getFileName().toString(),
            config.algorithm().name().toLowerCase(Locale.ROOT),
            config.seed(),
            command,
            preset,
            base.config().parameterCount(),
            config.corpus().formatList().stream().map(Format::name).toList(),
            formatDials(config),
            files,
            environment(backend))
        .write(folder.file(RunFolder.MANIFEST));
  }

  private static Map<String, Map<String, Double>> formatDials(StudyConfig config) {
    Map<String, Map<String, Double>> all = new LinkedHashMap<>();
    for (Map.Entry<String, FormatDials> entry : config.corpus().formats().entrySet()) {
      FormatDials dials = entry.getValue();
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("share", dials.share());
      values.put("label_noise", dials.labelNoise());
      values.put("misconception", dials.misconception());
      dials.smallest().ifPresent(value -> values.put("smallest", (double) value));
      dials.largest().ifPresent(value -> values.put("largest", (double) value));
      dials.largestFactor().ifPresent(value -> values.put("largest_factor", (double) value));
      dials.largestValue().ifPresent(value -> values.put("largest_value", (double) value));
      all.put(entry.getKey(), values);
    }
    return all;
  }

  private static HashedFile file(String role, Path run, Path file) {
    try {
      String path = run.toAbsolutePath().relativize(file.toAbsolutePath()).toString();
      return new HashedFile(role, path, Files.size(file), Hashing.sha256(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, String> environment(Backend backend) {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("backend", backend.description());
    environment.put("jdk", Runtime.version().toString());
    environment.put(
        "machine",
        "%s, %d cores"
            .formatted(
                System.getProperty("os.arch", "unknown"),
                Runtime.getRuntime().availableProcessors()));
    environment.put("system", System.getProperty("os.name", "unknown"));
    return environment;
  }
}
