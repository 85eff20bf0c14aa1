package dev.anechoic.model.tokenizer;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parts of a {@code tokenizer.json}: read from a file, or put together after training. */
final class TokenizerJson {
  /**
   * Ids that the post-processor puts around a text.
   *
   * @param before ids in front of the text, such as the one that begins a document
   * @param after ids behind it
   */
  record Frame(List<Integer> before, List<Integer> after) {
    static final Frame NONE = new Frame(List.of(), List.of());
  }

  private TokenizerJson() {}

  // ---------------------------------------------------------------- reading

  static Map<String, Integer> vocab(Json model) {
    Map<String, Integer> vocab = new LinkedHashMap<>();
    model.get("vocab").entries().forEach((token, id) -> vocab.put(token, id.intValue()));
    return vocab;
  }

  /** Reads merges in both forms: {@code "a b"} and {@code ["a", "b"]}. */
  static List<Bpe.Merge> merges(Json model) {
    List<Bpe.Merge> merges = new ArrayList<>();
    for (Json merge : model.get("merges").items()) {
      merges.add(merge.isArray() ? mergeOfArray(merge) : mergeOfString(merge));
    }
    return merges;
  }

  private static Bpe.Merge mergeOfArray(Json merge) {
    List<Json> parts = merge.items();
    if (parts.size() != 2) {
      throw merge.mismatch("an array of two tokens");
    }
    return new Bpe.Merge(parts.get(0).string(), parts.get(1).string());
  }

  private static Bpe.Merge mergeOfString(Json merge) {
    String text = merge.string();
    int space = text.indexOf(' ');
    if (space <= 0 || space != text.lastIndexOf(' ') || space == text.length() - 1) {
      throw merge.mismatch("two tokens with one space between them");
    }
    return new Bpe.Merge(text.substring(0, space), text.substring(space + 1));
  }

  static Bpe.Options options(Json model) {
    Json dropout = model.find("dropout");
    if (dropout != null && dropout.doubleValue() != 0) {
      throw dropout.mismatch("null or 0: random merges would make ids differ from run to run");
    }
    requireEmpty(model, "continuing_subword_prefix");
    requireEmpty(model, "end_of_word_suffix");
    Json unk = model.find("unk_token");
    return new Bpe.Options(
        unk == null ? null : unk.string(),
        Components.flag(model, "fuse_unk", false),
        Components.flag(model, "byte_fallback", false),
        Components.flag(model, "ignore_merges", false));
  }

  private static void requireEmpty(Json model, String key) {
    Json value = model.find(key);
    if (value != null && !value.string().isEmpty()) {
      throw value.mismatch("no '" + key + "', which is not supported");
    }
  }

  static List<AddedToken> addedTokens(Json file) {
    Json added = file.find("added_tokens");
    return added == null ? List.of() : added.items().stream().map(AddedToken::of).toList();
  }

  static Frame frame(@Nullable Json json) {
    if (json == null) {
      return Frame.NONE;
    }
    return switch (json.get("type").string()) {
      case "ByteLevel" -> Frame.NONE; // it only shifts offsets
      case "TemplateProcessing" -> template(json);
      case "BertProcessing", "RobertaProcessing" ->
          new Frame(List.of(pairId(json.get("cls"))), List.of(pairId(json.get("sep"))));
      case "Sequence" -> {
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        for (Json part : json.get("processors").items()) {
          Frame frame = frame(part);
          before.addAll(0, frame.before());
          after.addAll(frame.after());
        }
        yield new Frame(before, after);
      }
      default ->
          throw Components.unsupported(
              json, "Sequence, ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing");
    };
  }

  private static Frame template(Json json) {
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    List<Integer> side = before;
    for (Json piece : json.get("single").items()) {
      if (piece.has("Sequence")) {
        side = after;
        continue;
      }
      String name = piece.get("SpecialToken").get("id").string();
      for (Json id : json.get("special_tokens").get(name).get("ids").items()) {
        side.add(id.intValue());
      }
    }
    if (side == before) {
      throw json.get("single").mismatch("a template with a 'Sequence'");
    }
    return new Frame(before, after);
  }

  /** Reads the id of {@code ["</s>", 2]}. */
  private static int pairId(Json pair) {
    if (pair.items().size() != 2) {
      throw pair.mismatch("an array of a token and its id");
    }
    return pair.items().get(1).intValue();
  }

  /** Fails where the file is not one of a BPE tokenizer. */
  static Json requireBpe(Json file) {
    Json model = file.get("model");
    Json type = model.find("type");
    // files from before 2020 leave the type out; only BPE has merges
    if (type == null ? !model.has("merges") : !type.string().equals("BPE")) {
      throw UserError.what("The tokenizer's model is not supported")
          .where(model.where())
          .expected("type BPE")
          .got(type == null ? "no type and no merges" : "type " + type.string())
          .remedy("Use a BPE tokenizer.");
    }
    return model;
  }

  // ---------------------------------------------------------------- writing

  static Map<String, @Nullable Object> ofTraining(
      TokenizerConfig config, BpeTrainer.Result learned) {
    Map<String, @Nullable Object> file = new LinkedHashMap<>();
    file.put("version", "1.0");
    file.put("truncation", null);
    file.put("padding", null);
    file.put("added_tokens", addedTokens(config));
    file.put("normalizer", config.nfc() ? Map.of("type", "NFC") : null);
    file.put("pre_tokenizer", preTokenizer(config));
    file.put("post_processor", byteLevel(true));
    file.put("decoder", byteLevel(true));
    file.put("model", model(learned));
    return file;
  }

  /** The component by which the configuration cuts text, for training as well as for encoding. */
  static Map<String, @Nullable Object> preTokenizer(TokenizerConfig config) {
    List<Object> parts = new ArrayList<>();
    if (config.singleDigits()) {
      parts.add(ordered("type", "Digits", "individual_digits", true));
    }
    boolean gpt2 = config.cut() == TokenizerConfig.Cut.GPT2;
    if (!gpt2) {
      Map<String, @Nullable Object> split = ordered("type", "Split");
      split.put("pattern", Map.of("Regex", Patterns.LLAMA3_REGEX));
      split.put("behavior", "Isolated");
      split.put("invert", false);
      parts.add(split);
    }
    parts.add(byteLevel(gpt2));
    return ordered("type", "Sequence", "pretokenizers", parts);
  }

  private static List<Object> addedTokens(TokenizerConfig config) {
    List<Object> tokens = new ArrayList<>();
    for (String content : config.allSpecialTokens()) {
      Map<String, @Nullable Object> token = ordered("id", tokens.size(), "content", content);
      for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
        token.put(flag, false);
      }
      token.put("special", true);
      tokens.add(token);
    }
    return tokens;
  }

  private static Map<String, @Nullable Object> byteLevel(boolean useRegex) {
    Map<String, @Nullable Object> component = ordered("type", "ByteLevel");
    component.put("add_prefix_space", false);
    component.put("trim_offsets", true);
    component.put("use_regex", useRegex);
    return component;
  }

  /** Merges are written as strings, which every version of the library reads. */
  private static Map<String, @Nullable Object> model(BpeTrainer.Result learned) {
    Map<String, @Nullable Object> model = ordered("type", "BPE", "dropout", null);
    model.put("unk_token", null);
    model.put("continuing_subword_prefix", null);
    model.put("end_of_word_suffix", null);
    model.put("fuse_unk", false);
    model.put("byte_fallback", false);
    model.put("ignore_merges", false);
    model.put("vocab", learned.vocab());
    model.put("merges", learned.merges().stream().map(m -> m.left() + " " + m.right()).toList());
    return model;
  }

  private static Map<String, @Nullable Object> ordered(@Nullable Object... keysAndValues) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put(String.valueOf(keysAndValues[i]), keysAndValues[i + 1]);
    }
    return map;
  }
}
