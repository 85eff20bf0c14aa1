package dev.anechoic.model.checkpoint;

import dev.anechoic.model.io.AtomicFolder;
import dev.anechoic.model.io.FileErrors;
import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.ParameterLayout;
import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Tensor;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a {@link Checkpoint} that appears whole or not at all: into a staging folder, forced to
 * the disk and renamed by {@link #commit}. The same state gives the same bytes, so equal hashes
 * mean equal runs.
 */
public final class CheckpointWriter implements Closeable {
  private final AtomicFolder folder;
  private final Map<String, Object> optimizerSteps = new LinkedHashMap<>();
  private @Nullable Map<String, ?> state;

  private CheckpointWriter(AtomicFolder folder) {
    this.folder = folder;
  }

  /**
   * Begins a checkpoint.
   *
   * @param target the folder to be; an older one of that name is replaced by {@link #commit}
   * @param parameters how many numbers will be written, so that a full disk is noticed before
   */
  public static CheckpointWriter begin(Path target, long parameters) {
    return new CheckpointWriter(AtomicFolder.begin(target, parameters * Float.BYTES));
  }

  /** Writes config.json and model.safetensors. */
  public CheckpointWriter model(Transformer model, int endToken) {
    ModelConfig config = model.config();
    Json.write(path(Checkpoint.CONFIG), HuggingFace.toJson(config, endToken));
    List<HuggingFace.Part> parts = HuggingFace.parts(config);
    List<SafetensorsWriter.Declared> declared =
        parts.stream().map(p -> new SafetensorsWriter.Declared(p.name(), p.shape())).toList();
    try (SafetensorsWriter out = new SafetensorsWriter(path(Checkpoint.MODEL), declared)) {
      String name = "";
      float[] values = {};
      for (HuggingFace.Part part : parts) {
        if (!part.parameter().equals(name)) {
          name = part.parameter();
          values = model.parameters().get(name).toFloats();
        }
        out.write(part.name(), part.extract(values));
      }
    }
    return this;
  }

  /** Writes both moments of an optimizer as NAME.safetensors. */
  public CheckpointWriter optimizer(String name, AdamW optimizer, Parameters parameters) {
    List<ParameterLayout.Entry> entries = parameters.layout().entries();
    List<SafetensorsWriter.Declared> declared = new ArrayList<>();
    for (String moment : List.of(Checkpoint.FIRST_MOMENT, Checkpoint.SECOND_MOMENT)) {
      entries.forEach(e -> declared.add(declare(moment + e.name(), e)));
    }
    try (SafetensorsWriter out = new SafetensorsWriter(tensors(name), declared)) {
      for (ParameterLayout.Entry entry : entries) {
        out.write(Checkpoint.FIRST_MOMENT + entry.name(), read(optimizer.firstMoment(), entry));
      }
      for (ParameterLayout.Entry entry : entries) {
        out.write(Checkpoint.SECOND_MOMENT + entry.name(), read(optimizer.secondMoment(), entry));
      }
    }
    optimizerSteps.put(name, optimizer.steps());
    return this;
  }

  /** Writes parameters besides the model's, such as a value head's, as NAME.safetensors. */
  public CheckpointWriter extra(String name, Parameters parameters) {
    List<ParameterLayout.Entry> entries = parameters.layout().entries();
    List<SafetensorsWriter.Declared> declared =
        entries.stream().map(e -> declare(e.name(), e)).toList();
    try (SafetensorsWriter out = new SafetensorsWriter(tensors(name), declared)) {
      entries.forEach(e -> out.write(e.name(), parameters.get(e.name()).toFloats()));
    }
    return this;
  }

  private static SafetensorsWriter.Declared declare(String name, ParameterLayout.Entry entry) {
    return new SafetensorsWriter.Declared(name, entry.shape().toArray());
  }

  private static float[] read(Tensor flat, ParameterLayout.Entry entry) {
    return flat.view(entry.from(), entry.shape()).toFloats();
  }

  /** Lets {@code write} make one more file under the staging path that it gets. */
  public CheckpointWriter file(String name, Consumer<Path> write) {
    write.accept(path(name));
    return this;
  }

  /** Writes tokenizer.json and, where there is one, tokenizer_config.json. */
  public CheckpointWriter tokenizer(Tokenizer tokenizer) {
    tokenizer.save(folder.path());
    return this;
  }

  /**
   * Sets what {@link Checkpoint#state} returns: plain values as {@link Json} writes them. Without
   * it the checkpoint cannot be resumed.
   */
  public CheckpointWriter state(Map<String, ?> values) {
    state = values;
    return this;
  }

  /** Writes the state and the manifest, and makes the folder appear. */
  public void commit() {
    if (state != null) {
      Map<String, Object> all = new LinkedHashMap<>(state);
      all.put("optimizer_steps", optimizerSteps);
      Json.write(path(Checkpoint.STATE), all);
    }
    Map<String, Object> files = new LinkedHashMap<>();
    for (Path file : written()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      try {
        entry.put("bytes", Files.size(file));
      } catch (IOException e) {
        throw FileErrors.reading(file, e);
      }
      entry.put("sha256", Hashing.sha256(file));
      files.put(file.getFileName().toString(), entry);
    }
    Json.write(path(Checkpoint.MANIFEST), Map.of("files", files));
    folder.commit();
  }

  private List<Path> written() {
    try (Stream<Path> files = Files.list(folder.path())) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw FileErrors.reading(folder.path(), e);
    }
  }

  private Path tensors(String name) {
    return path(name + ".safetensors");
  }

  private Path path(String name) {
    return folder.path().resolve(name);
  }

  /** Throws an uncommitted checkpoint away. */
  @Override
  public void close() {
    folder.close();
  }
}
