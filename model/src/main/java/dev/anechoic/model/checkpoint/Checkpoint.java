package dev.anechoic.model.checkpoint;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.AtomicFolder;
import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.ParameterLayout;
import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A stored model: a Hugging Face folder ({@code config.json}, {@code model.safetensors}, {@code
 * tokenizer.json}), which {@code AutoModelForCausalLM.from_pretrained} opens, and beside it what
 * training needs to go on ({@code training_state.json}, optimizer moments) with a {@code
 * manifest.json} of SHA-256 hashes. {@link CheckpointWriter} makes it.
 *
 * <p>Published OLMo and Llama-style folders open as well; they have no manifest, so nothing can be
 * checked but shapes.
 */
public final class Checkpoint {
  static final String CONFIG = "config.json";
  static final String MODEL = "model.safetensors";
  static final String STATE = "training_state.json";
  static final String MANIFEST = "manifest.json";
  static final String FIRST_MOMENT = "m.";
  static final String SECOND_MOMENT = "v.";

  private final Path folder;
  private final ModelConfig config;
  private final int endToken;

  private Checkpoint(Path folder, Json json) {
    this.folder = folder;
    config = HuggingFace.fromJson(json);
    Json end = json.find("eos_token_id");
    endToken = end == null || end.isArray() ? -1 : end.intValue();
  }

  /**
   * Opens a folder and, where it has a manifest, checks every file against it.
   *
   * @throws UserError where there is no checkpoint, or a file of it is missing or changed
   */
  public static Checkpoint open(Path folder) {
    if (folder.toAbsolutePath().getParent() != null) {
      AtomicFolder.recover(folder.toAbsolutePath().getParent());
    }
    Path file = folder.resolve(CONFIG);
    if (!Files.exists(file)) {
      throw UserError.what("There is no checkpoint here")
          .where(folder)
          .expected("a folder with " + CONFIG + " and " + MODEL)
          .remedy("Give the folder that holds them.");
    }
    verify(folder);
    try {
      return new Checkpoint(folder, Json.read(file));
    } catch (IllegalArgumentException e) {
      throw UserError.what("The model is impossible: " + e.getMessage())
          .where(file)
          .cause(e)
          .remedy("Correct the file.");
    }
  }

  /** Whether there is a checkpoint to open, or one that a kill left half replaced. */
  public static boolean existsAt(Path folder) {
    if (folder.toAbsolutePath().getParent() != null) {
      AtomicFolder.recover(folder.toAbsolutePath().getParent());
    }
    return Files.exists(folder.resolve(CONFIG));
  }

  private static void verify(Path folder) {
    Path manifest = folder.resolve(MANIFEST);
    if (!Files.exists(manifest)) {
      return;
    }
    for (Map.Entry<String, Json> entry : Json.read(manifest).get("files").entries().entrySet()) {
      Path file = folder.resolve(entry.getKey());
      String expected = entry.getValue().get("sha256").string();
      String got = Hashing.sha256(file);
      if (!got.equals(expected)) {
        throw UserError.what("The checkpoint is damaged: a file is not the one that was written")
            .where(file)
            .expected("SHA-256 " + expected)
            .got("SHA-256 " + got)
            .remedy(
                "Restore the file from a copy, or go back to an earlier checkpoint; if you changed"
                    + " it on purpose, delete "
                    + MANIFEST
                    + ".");
      }
    }
  }

  public Path folder() {
    return folder;
  }

  public ModelConfig config() {
    return config;
  }

  /** Id of the token that ends a document, or -1 where the folder does not say. */
  public int endToken() {
    return endToken;
  }

  /**
   * The tokenizer.
   *
   * @throws UserError where there is none, or it has more tokens than the model
   */
  public Tokenizer tokenizer() {
    Tokenizer tokenizer = Tokenizer.load(folder);
    if (tokenizer.vocabSize() > config.vocabSize()) {
      throw UserError.what("The tokenizer does not fit the model")
          .where(folder)
          .expected("at most " + config.vocabSize() + " tokens, the model's vocab_size")
          .got(tokenizer.vocabSize() + " tokens")
          .remedy("Put the tokenizer.json here that the model was trained with.");
    }
    return tokenizer;
  }

  /** SHA-256 of the manifest, which names the whole checkpoint; null where there is none. */
  public @Nullable String hash() {
    Path manifest = folder.resolve(MANIFEST);
    return Files.exists(manifest) ? Hashing.sha256(manifest) : null;
  }

  // ---- loading ------------------------------------------------------------------------------

  /** A new model with the stored parameters. */
  public Transformer load(Backend backend, MemoryLedger ledger) {
    Transformer model = new Transformer(config, backend, ledger);
    try {
      loadInto(model.parameters());
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** Overwrites the parameters of a model of this configuration. */
  public void loadInto(Parameters parameters) {
    try (Safetensors stored = Safetensors.open(folder, MODEL)) {
      String name = "";
      float[] values = {};
      for (HuggingFace.Part part : HuggingFace.parts(config)) {
        if (!part.parameter().equals(name)) {
          name = part.parameter();
          values = new float[Math.toIntExact(parameters.get(name).size())];
        }
        part.insert(stored.read(part.name(), part.shape()), values);
        parameters.backend().write(parameters.get(name), values, 0);
      }
    }
  }

  /**
   * Restores an optimizer.
   *
   * @param name the one it was written under
   */
  public void loadOptimizer(String name, AdamW optimizer, Parameters parameters) {
    try (Safetensors stored = Safetensors.open(folder, name + ".safetensors")) {
      for (ParameterLayout.Entry entry : parameters.layout().entries()) {
        int[] shape = entry.shape().toArray();
        write(optimizer.firstMoment(), entry, stored.read(FIRST_MOMENT + entry.name(), shape));
        write(optimizer.secondMoment(), entry, stored.read(SECOND_MOMENT + entry.name(), shape));
      }
    }
    optimizer.restoreSteps(state().get("optimizer_steps").get(name).longValue());
  }

  private static void write(Tensor flat, ParameterLayout.Entry entry, float[] values) {
    flat.arena().backend().write(flat.view(entry.from(), entry.shape()), values, 0);
  }

  /** Restores parameters besides the model's, such as a value head's. */
  public void loadExtra(String name, Parameters parameters) {
    try (Safetensors stored = Safetensors.open(folder, name + ".safetensors")) {
      for (ParameterLayout.Entry entry : parameters.layout().entries()) {
        float[] values = stored.read(entry.name(), entry.shape().toArray());
        parameters.backend().write(parameters.get(entry.name()), values, 0);
      }
    }
  }

  /**
   * The training state as it was written.
   *
   * @throws UserError where the checkpoint has none
   */
  public Json state() {
    Path file = folder.resolve(STATE);
    if (!Files.exists(file)) {
      throw UserError.what("The checkpoint holds a model but no training state")
          .where(folder)
          .remedy("Start a new run from it instead of resuming.");
    }
    return Json.read(file);
  }
}
