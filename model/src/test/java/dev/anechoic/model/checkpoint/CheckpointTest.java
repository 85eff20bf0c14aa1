package dev.anechoic.model.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.sample.Scorer;
import dev.anechoic.model.testing.BackendsUnderTest;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Norm;
import dev.anechoic.model.transformer.ParameterLayout.Names;
import dev.anechoic.model.transformer.Positions;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CheckpointTest {
  private static final long SEED = 13;
  private static final ModelConfig OLMO = ModelConfig.of(29, 16, 32, 2, 4);
  private static final int[] TOKENS = {3, 1, 4, 1, 5, 9, 2, 6, 28, 0};

  @TempDir private Path folder;
  private final MemoryLedger ledger = new MemoryLedger();
  private final Backend backend = BackendsUnderTest.open("cpu-scalar", 1);

  @AfterEach
  void close() {
    backend.close();
  }

  static Stream<ModelConfig> models() {
    ModelConfig llama = OLMO.withNorm(Norm.RMS).withKvHeads(2);
    return Stream.of(
        OLMO,
        OLMO.withTied(true),
        OLMO.withKvHeads(1),
        llama,
        llama.withTied(true),
        OLMO.withPositions(Positions.LEARNED));
  }

  @ParameterizedTest
  @MethodSource("models")
  void whatIsWrittenIsRead(ModelConfig config) {
    Path target = folder.resolve("checkpoint");
    try (Transformer model = model(config)) {
      write(target, model);
      Checkpoint checkpoint = Checkpoint.open(target);
      assertEquals(config, checkpoint.config());
      assertEquals(7, checkpoint.endToken());
      try (Transformer loaded = checkpoint.load(backend, ledger)) {
        assertEquals(model.parameters().sha256(), loaded.parameters().sha256());
        assertArrayEquals(logprobs(model), logprobs(loaded));
      }
    }
  }

  @Test
  void tensorsHaveTheNamesAndShapesOfHuggingFacesOlmo() {
    try (Transformer model = model(OLMO)) {
      write(folder.resolve("c"), model);
      float[] qkv = model.parameters().get(Names.qkv(1)).toFloats();
      try (Safetensors stored = Safetensors.open(folder.resolve("c"), Checkpoint.MODEL)) {
        Set<String> expected = new TreeSet<>(Set.of("model.embed_tokens.weight", "lm_head.weight"));
        for (int i = 0; i < 2; i++) {
          for (String name : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
            expected.add("model.layers." + i + ".self_attn." + name + ".weight");
          }
          for (String name : List.of("gate_proj", "up_proj", "down_proj")) {
            expected.add("model.layers." + i + ".mlp." + name + ".weight");
          }
        }
        assertEquals(expected, new TreeSet<>(stored.names()));
        assertEquals(29 * 32, stored.read("lm_head.weight", 29, 32).length);
        assertEquals(128 * 32, stored.read("model.layers.0.mlp.up_proj.weight", 128, 32).length);
        // [out, in] there, [in, out] here, keys behind the queries
        float[] keys = stored.read("model.layers.1.self_attn.k_proj.weight", 32, 32);
        assertEquals(qkv[5 * 96 + 32 + 3], keys[3 * 32 + 5]);
      }
      Json json = Json.read(folder.resolve("c").resolve(Checkpoint.CONFIG));
      assertEquals("olmo", json.get("model_type").string());
      assertEquals("OlmoForCausalLM", json.get("architectures").items().getFirst().string());
    }
  }

  /** The oracle is an independent forward pass in numpy, written from the papers. */
  @ParameterizedTest
  @MethodSource("models")
  void anIndependentForwardPassGivesTheSameLogProbs(ModelConfig config) throws Exception {
    assumeTrue(config.positions() == Positions.ROTARY, "Hugging Face has no such model");
    assumeTrue(numpyIsThere(), "skipped: python3 with numpy is not on the PATH");
    try (Transformer model = model(config)) {
      write(folder.resolve("c"), model);
      Path script = Path.of(CheckpointTest.class.getResource("hf_forward.py").toURI());
      StringBuilder tokens = new StringBuilder();
      for (int token : TOKENS) {
        tokens.append(token).append(',');
      }
      String output =
          run("python3", script.toString(), folder.resolve("c").toString(), tokens.toString());
      String[] lines = output.strip().split("\\s+");
      float[] expected = logprobs(model);
      assertEquals(expected.length, lines.length);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(Double.parseDouble(lines[i]), expected[i], 1e-4, "token " + i);
      }
    }
  }

  private static boolean numpyIsThere() {
    try {
      run("python3", "-c", "import numpy");
      return true;
    } catch (IOException | InterruptedException e) {
      System.out.println("CheckpointTest: no python3 with numpy: " + e.getMessage());
      return false;
    }
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException(output);
    }
    return output;
  }

  @Test
  void flippedBitIsDetected() throws IOException {
    try (Transformer model = model(OLMO)) {
      write(folder.resolve("c"), model);
    }
    Path file = folder.resolve("c").resolve(Checkpoint.MODEL);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    var error = assertThrows(UserError.class, () -> Checkpoint.open(folder.resolve("c")));
    assertTrue(error.getMessage().contains("model.safetensors"), error::getMessage);
    assertTrue(error.getMessage().contains("damaged"), error::getMessage);
  }

  @Test
  void shortenedFileIsAClearError() throws IOException {
    try (Transformer model = model(OLMO)) {
      write(folder.resolve("c"), model);
    }
    Files.delete(folder.resolve("c").resolve(Checkpoint.MANIFEST));
    Path file = folder.resolve("c").resolve(Checkpoint.MODEL);
    byte[] bytes = Files.readAllBytes(file);
    for (int length : new int[] {0, 5, 200, bytes.length - 1}) {
      Files.write(file, Arrays.copyOf(bytes, length));
      var error =
          assertThrows(
              UserError.class,
              () -> Checkpoint.open(folder.resolve("c")).load(backend, ledger).close());
      assertTrue(error.getMessage().contains("model.safetensors"), error::getMessage);
    }
  }

  @Test
  void shardsAndSixteenBitElementsAreRead() throws IOException {
    try (Transformer model = model(OLMO)) {
      write(folder.resolve("c"), model);
      Path sharded = folder.resolve("sharded");
      shard(folder.resolve("c"), sharded);
      try (Transformer loaded = Checkpoint.open(sharded).load(backend, ledger)) {
        float[] expected = model.parameters().get(Names.down(0)).toFloats();
        float[] actual = loaded.parameters().get(Names.down(0)).toFloats();
        for (int i = 0; i < expected.length; i++) {
          assertEquals(expected[i], actual[i], Math.abs(expected[i]) / 256, "BF16 has 8 bits");
        }
      }
    }
  }

  /** Writes every tensor again, in turn as F32, BF16 and F16, over two files with an index. */
  private static void shard(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    Files.copy(from.resolve(Checkpoint.CONFIG), to.resolve(Checkpoint.CONFIG));
    Map<String, Object> index = new TreeMap<>();
    try (Safetensors stored = Safetensors.open(from, Checkpoint.MODEL)) {
      List<HuggingFace.Part> parts = HuggingFace.parts(OLMO);
      for (int shard = 0; shard < 2; shard++) {
        String name = "model-0000" + (shard + 1) + "-of-00002.safetensors";
        Map<String, Object> header = new TreeMap<>();
        ByteBuffer data = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = shard; i < parts.size(); i += 2) {
          HuggingFace.Part part = parts.get(i);
          int start = data.position();
          String type = List.of("F32", "BF16", "F16").get(i / 2 % 3);
          for (float x : stored.read(part.name(), part.shape())) {
            switch (type) {
              case "F32" -> data.putFloat(x);
              case "BF16" -> data.putShort((short) (Float.floatToRawIntBits(x) >>> 16));
              default -> data.putShort(Float.floatToFloat16(x));
            }
          }
          header.put(
              part.name(),
              Map.of(
                  "dtype", type,
                  "shape", part.shape(),
                  "data_offsets", List.of(start, data.position())));
          index.put(part.name(), name);
        }
        byte[] text = Json.compact(header).getBytes(StandardCharsets.UTF_8);
        ByteBuffer file =
            ByteBuffer.allocate(8 + text.length + data.position()).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(text.length).put(text).put(data.flip());
        Files.write(to.resolve(name), file.array());
      }
    }
    Json.write(to.resolve("model.safetensors.index.json"), Map.of("weight_map", index));
  }

  @Test
  void modelsThatAreNotComputedAreRefusedByKey() throws IOException {
    try (Transformer model = model(OLMO)) {
      write(folder.resolve("c"), model);
    }
    Path config = folder.resolve("c").resolve(Checkpoint.CONFIG);
    Files.delete(folder.resolve("c").resolve(Checkpoint.MANIFEST));
    String text = Files.readString(config);
    Files.writeString(config, text.replace("\"clip_qkv\": null", "\"clip_qkv\": 8.0"));
    var error = assertThrows(UserError.class, () -> Checkpoint.open(folder.resolve("c")));
    assertTrue(error.getMessage().contains("clip_qkv"), error::getMessage);
    Map<String, String> refused =
        Map.of(
            "attention_bias", "true",
            "mlp_bias", "true",
            "hidden_act", "\"gelu\"",
            "rope_scaling", "{\"factor\": 8.0}",
            "head_dim", "3",
            "rope_parameters", "{\"rope_type\": \"yarn\"}");
    for (Map.Entry<String, String> key : refused.entrySet()) {
      String plain = text.replaceFirst("\"" + key.getKey() + "\" *:[^,}]*,", "");
      Files.writeString(
          config,
          plain.replaceFirst(
              "\\{",
              Matcher.quoteReplacement("{\"" + key.getKey() + "\": " + key.getValue() + ",")));
      error = assertThrows(UserError.class, () -> Checkpoint.open(folder.resolve("c")));
      String place = key.getKey().equals("rope_parameters") ? "rope_type" : key.getKey();
      assertTrue(error.getMessage().contains(place), error::getMessage);
    }
    Files.writeString(config, text.replace("\"olmo\"", "\"gpt2\""));
    error = assertThrows(UserError.class, () -> Checkpoint.open(folder.resolve("c")));
    assertTrue(error.getMessage().contains("gpt2"), error::getMessage);
  }

  @Test
  void interruptedWriteLeavesTheLastCheckpoint() {
    Path target = folder.resolve("c");
    try (Transformer model = model(OLMO)) {
      write(target, model);
      String hash = Checkpoint.open(target).hash();
      backend.fill(model.parameters().flat(), 0);
      try (CheckpointWriter writer = CheckpointWriter.begin(target, 1)) {
        writer.model(model, 7);
      }
      assertEquals(hash, Checkpoint.open(target).hash());
      assertFalse(Checkpoint.existsAt(folder.resolve("other")));
    }
  }

  @Test
  void folderWithoutCheckpointIsAClearError() {
    var error = assertThrows(UserError.class, () -> Checkpoint.open(folder.resolve("none")));
    assertTrue(error.getMessage().contains("config.json"), error::getMessage);
  }

  private Transformer model(ModelConfig config) {
    Transformer model = new Transformer(config, backend, ledger);
    model.parameters().initialize(SEED);
    // Far from uniform, so that a wrong layout shows.
    backend.scale(model.parameters().flat(), 8, model.parameters().flat(), false);
    return model;
  }

  private static void write(Path target, Transformer model) {
    try (CheckpointWriter writer = CheckpointWriter.begin(target, 1)) {
      writer.model(model, 7).commit();
    }
  }

  private float[] logprobs(Transformer model) {
    try (Scorer scorer = new Scorer(model, ledger)) {
      return scorer.logprobs(List.of(TOKENS), 1)[0];
    }
  }
}
