package dev.anechoic.model.checkpoint;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Norm;
import dev.anechoic.model.transformer.ParameterLayout.Names;
import dev.anechoic.model.transformer.Positions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a model of this project and a Hugging Face one correspond: keys of {@code config.json}, names
 * and layout of tensors.
 *
 * <p>Layer norm without parameters makes it {@code olmo}, RMSNorm with weights {@code llama}; both
 * turn queries and keys in halves, as here. A model that neither can express (learned positions, an
 * epsilon that OLMo fixes) is stored as {@code anechoic}, which only this project reads.
 */
final class HuggingFace {
  /** Hugging Face's OLMo has no key for it: {@code OlmoLayerNorm} holds the constant. */
  private static final double OLMO_EPS = 1e-5;

  private static final String OWN_TYPE = "anechoic";

  /**
   * A tensor of the Hugging Face model as a part of a parameter here.
   *
   * @param name its name there
   * @param shape its extents there; a projection is [out, in]
   * @param parameter the parameter here; a projection is [in, columns], several side by side
   * @param columns width of the parameter here
   * @param column first column of the part here
   */
  record Part(String name, int[] shape, String parameter, int columns, int column) {
    private boolean isProjection() {
      return columns > 0;
    }

    /** The part as Hugging Face has it, out of the values of the parameter. */
    float[] extract(float[] values) {
      if (!isProjection()) {
        return values;
      }
      int out = shape[0];
      int in = shape[1];
      float[] part = new float[out * in];
      for (int o = 0; o < out; o++) {
        for (int i = 0; i < in; i++) {
          part[o * in + i] = values[i * columns + column + o];
        }
      }
      return part;
    }

    /** Puts the part as Hugging Face has it into the values of the parameter. */
    void insert(float[] part, float[] values) {
      if (!isProjection()) {
        System.arraycopy(part, 0, values, 0, part.length);
        return;
      }
      int out = shape[0];
      int in = shape[1];
      for (int o = 0; o < out; o++) {
        for (int i = 0; i < in; i++) {
          values[i * columns + column + o] = part[o * in + i];
        }
      }
    }
  }

  private HuggingFace() {}

  // ---- tensors ------------------------------------------------------------------------------

  /** All tensors of the model, in the order of the layers. */
  static List<Part> parts(ModelConfig config) {
    List<Part> parts = new ArrayList<>();
    int c = config.channels();
    int v = config.vocabSize();
    parts.add(whole("model.embed_tokens.weight", Names.TOKENS, v, c));
    if (config.positions() == Positions.LEARNED) {
      parts.add(whole("model.embed_positions.weight", Names.POSITIONS, config.contextLength(), c));
    }
    for (int i = 0; i < config.layers(); i++) {
      addLayer(parts, config, i);
    }
    if (config.norm() == Norm.RMS) {
      parts.add(whole("model.norm.weight", Names.FINAL_NORM, c));
    }
    if (!config.tied()) {
      parts.add(whole("lm_head.weight", Names.HEAD, v, c));
    }
    return parts;
  }

  private static void addLayer(List<Part> parts, ModelConfig config, int layer) {
    int c = config.channels();
    int f = config.ffnChannels();
    int kv = config.kvHeads() * config.headSize();
    int width = config.qkvChannels();
    String prefix = "model.layers." + layer + ".";
    String attention = prefix + "self_attn.";
    String qkv = Names.qkv(layer);
    if (config.norm() == Norm.RMS) {
      parts.add(whole(prefix + "input_layernorm.weight", Names.attentionNorm(layer), c));
    }
    parts.add(projection(attention + "q_proj.weight", c, c, qkv, width, 0));
    parts.add(projection(attention + "k_proj.weight", kv, c, qkv, width, c));
    parts.add(projection(attention + "v_proj.weight", kv, c, qkv, width, c + kv));
    parts.add(projection(attention + "o_proj.weight", c, c, Names.attentionOut(layer), c, 0));
    if (config.norm() == Norm.RMS) {
      parts.add(whole(prefix + "post_attention_layernorm.weight", Names.ffnNorm(layer), c));
    }
    String gateUp = Names.gateUp(layer);
    parts.add(projection(prefix + "mlp.gate_proj.weight", f, c, gateUp, 2 * f, 0));
    parts.add(projection(prefix + "mlp.up_proj.weight", f, c, gateUp, 2 * f, f));
    parts.add(projection(prefix + "mlp.down_proj.weight", c, f, Names.down(layer), c, 0));
  }

  private static Part whole(String name, String parameter, int... shape) {
    return new Part(name, shape, parameter, 0, 0);
  }

  private static Part projection(
      String name, int out, int in, String parameter, int columns, int column) {
    return new Part(name, new int[] {out, in}, parameter, columns, column);
  }

  // ---- config.json --------------------------------------------------------------------------

  /** The content of config.json. */
  static Map<String, @Nullable Object> toJson(ModelConfig config, int endToken) {
    String type = type(config);
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put(
        "architectures",
        switch (type) {
          case "olmo" -> List.of("OlmoForCausalLM");
          case "llama" -> List.of("LlamaForCausalLM");
          default -> List.of("AnechoicForCausalLM");
        });
    json.put("model_type", type);
    json.put("attention_bias", false);
    json.put("attention_dropout", 0.0);
    json.put("bos_token_id", null);
    json.put("eos_token_id", endToken < 0 ? null : (Object) endToken);
    json.put("pad_token_id", null);
    json.put("hidden_act", "silu");
    json.put("hidden_size", config.channels());
    json.put("initializer_range", 0.02);
    json.put("intermediate_size", config.ffnChannels());
    json.put("max_position_embeddings", config.contextLength());
    json.put("num_attention_heads", config.heads());
    json.put("num_hidden_layers", config.layers());
    json.put("num_key_value_heads", config.kvHeads());
    json.put("rope_scaling", null);
    json.put("rope_theta", config.ropeBase());
    json.put("tie_word_embeddings", config.tied());
    json.put("torch_dtype", "float32");
    json.put("use_cache", true);
    json.put("vocab_size", config.vocabSize());
    switch (type) {
      case "olmo" -> json.put("clip_qkv", null);
      case "llama" -> {
        json.put("mlp_bias", false);
        json.put("rms_norm_eps", config.normEps());
      }
      default -> {
        json.put("norm", config.norm());
        json.put("norm_eps", config.normEps());
        json.put("positions", config.positions());
      }
    }
    return json;
  }

  private static String type(ModelConfig config) {
    if (config.positions() != Positions.ROTARY) {
      return OWN_TYPE;
    }
    return switch (config.norm()) {
      case LAYER -> config.normEps() == OLMO_EPS ? "olmo" : OWN_TYPE;
      case RMS -> "llama";
    };
  }

  /**
   * The model that a config.json describes.
   *
   * @throws UserError where it is of a kind that this transformer does not compute
   */
  static ModelConfig fromJson(Json json) {
    String type = json.get("model_type").string();
    Norm norm;
    double eps;
    Positions positions = Positions.ROTARY;
    switch (type) {
      case "olmo" -> {
        norm = Norm.LAYER;
        eps = OLMO_EPS;
      }
      case "llama" -> {
        norm = Norm.RMS;
        eps = json.get("rms_norm_eps").doubleValue();
      }
      case OWN_TYPE -> {
        norm = constant(Norm.values(), json.get("norm"));
        eps = json.get("norm_eps").doubleValue();
        positions = constant(Positions.values(), json.get("positions"));
      }
      default -> throw json.get("model_type").mismatch("olmo, llama or " + OWN_TYPE);
    }
    refuseWhatIsNotComputed(json);
    int heads = json.get("num_attention_heads").intValue();
    Json kvHeads = json.find("num_key_value_heads");
    Json tied = json.find("tie_word_embeddings");
    return new ModelConfig(
        json.get("vocab_size").intValue(),
        json.get("max_position_embeddings").intValue(),
        json.get("hidden_size").intValue(),
        json.get("num_hidden_layers").intValue(),
        heads,
        kvHeads == null ? heads : kvHeads.intValue(),
        json.get("intermediate_size").intValue(),
        norm,
        eps,
        positions,
        ropeBase(json),
        tied != null && tied.bool());
  }

  private static <E extends Enum<E>> E constant(E[] constants, Json name) {
    for (E constant : constants) {
      if (constant.name().equalsIgnoreCase(name.string())) {
        return constant;
      }
    }
    throw name.mismatch("one of " + List.of(constants));
  }

  /** Older files have rope_theta, newer ones rope_parameters.rope_theta. */
  private static double ropeBase(Json json) {
    Json base = json.find("rope_theta");
    Json parameters = json.find("rope_parameters");
    if (base == null && parameters != null) {
      base = parameters.find("rope_theta");
    }
    return base == null ? ModelConfig.DEFAULT_ROPE_BASE : base.doubleValue();
  }

  private static void refuseWhatIsNotComputed(Json json) {
    for (String key : List.of("clip_qkv", "rope_scaling")) {
      Json value = json.find(key);
      if (value != null) {
        throw value.mismatch("null: this transformer does not compute " + key);
      }
    }
    for (String key : List.of("attention_bias", "mlp_bias")) {
      Json value = json.find(key);
      if (value != null && value.bool()) {
        throw value.mismatch("false: this transformer has no biases");
      }
    }
    Json act = json.find("hidden_act");
    if (act != null && !act.string().equals("silu")) {
      throw act.mismatch("silu");
    }
    Json parameters = json.find("rope_parameters");
    Json ropeType = parameters == null ? null : parameters.find("rope_type");
    if (ropeType != null && !ropeType.string().equals("default")) {
      throw ropeType.mismatch("default: other rotary variants are not computed");
    }
    Json headDim = json.find("head_dim");
    int heads = json.get("num_attention_heads").intValue();
    if (headDim != null && headDim.intValue() * heads != json.get("hidden_size").intValue()) {
      throw headDim.mismatch("hidden_size / num_attention_heads");
    }
  }
}
