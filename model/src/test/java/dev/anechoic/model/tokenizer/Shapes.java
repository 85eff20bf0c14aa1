package dev.anechoic.model.tokenizer;

import dev.anechoic.model.io.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Files built like the {@code tokenizer.json} of well-known models, with vocabularies learned on
 * the spot.
 */
@SuppressWarnings("unchecked") // plain JSON values
final class Shapes {
  private Shapes() {}

  /** OLMo 1 and GPT-NeoX: NFC, GPT-2's cut, plain added tokens for runs of spaces. */
  static String olmo(List<String> texts) {
    Map<String, @Nullable Object> file = trained(texts, TokenizerConfig.Cut.GPT2, false, 600);
    List<Object> added = new ArrayList<>();
    int id = 600;
    added.add(added(0, "<|endoftext|>", true, false));
    added.add(added(1, "<|pad|>", true, false));
    added.add(added(id++, "|||IP_ADDRESS|||", false, true));
    for (int spaces = 24; spaces >= 2; spaces--) {
      added.add(added(id++, " ".repeat(spaces), false, true));
    }
    file.put("added_tokens", added);
    file.put("normalizer", Map.of("type", "NFC"));
    file.put("pre_tokenizer", byteLevel(false, true));
    file.put("post_processor", byteLevel(true, true));
    file.put("decoder", byteLevel(true, true));
    return Json.pretty(file);
  }

  /** GPT-2 as fairseq models use it: a space is put before the text. */
  static String prefixed(List<String> texts) {
    Map<String, @Nullable Object> file = trained(texts, TokenizerConfig.Cut.GPT2, false, 400);
    file.put("pre_tokenizer", byteLevel(true, true));
    file.put(
        "post_processor",
        map(
            "type",
            "RobertaProcessing",
            "sep",
            List.of("<|pad|>", 1),
            "cls",
            List.of("<|endoftext|>", 0),
            "trim_offsets",
            true,
            "add_prefix_space",
            true));
    return Json.pretty(file);
  }

  /** Llama 3: Split by regular expression, bytes, whole pieces before merges, a begin token. */
  static String llama3(List<String> texts) {
    Map<String, @Nullable Object> file = trained(texts, TokenizerConfig.Cut.LLAMA3, false, 700);
    Map<String, Object> model = model(file);
    model.put("ignore_merges", true);
    model.put("merges", mergesAsPairs(model));
    // a whole piece without merges of its own, which only ignore_merges can find
    ((Map<String, Object>) model.get("vocab")).put("Ġxylophone", 700L);
    file.put(
        "added_tokens",
        List.of(
            added(0, "<|endoftext|>", true, false),
            added(1, "<|pad|>", true, false),
            added(701, "<|begin_of_text|>", true, false)));
    file.put(
        "post_processor",
        map(
            "type",
            "Sequence",
            "processors",
            List.of(byteLevel(true, true), template("<|begin_of_text|>", 701))));
    return Json.pretty(file);
  }

  /** Llama 2: spaces as letters, no cutting, byte fallback. */
  static String llama2(List<String> texts) {
    Map<String, @Nullable Object> file = sentencePiece(texts);
    file.put(
        "normalizer",
        map(
            "type",
            "Sequence",
            "normalizers",
            List.of(
                map("type", "Prepend", "prepend", "▁"),
                map("type", "Replace", "pattern", Map.of("String", " "), "content", "▁"))));
    file.put("pre_tokenizer", null);
    file.put(
        "decoder",
        map(
            "type",
            "Sequence",
            "decoders",
            List.of(
                map("type", "Replace", "pattern", Map.of("String", "▁"), "content", " "),
                map("type", "ByteFallback"),
                map("type", "Fuse"),
                map("type", "Strip", "content", " ", "start", 1, "stop", 0))));
    return Json.pretty(file);
  }

  /** The newer spelling of the same: Metaspace, without byte fallback, so that <unk> occurs. */
  static String metaspace(List<String> texts, String scheme, boolean split, boolean fuseUnk) {
    Map<String, @Nullable Object> file = sentencePiece(texts);
    Map<String, Object> model = model(file);
    model.put("byte_fallback", false);
    model.put("fuse_unk", fuseUnk);
    Map<String, @Nullable Object> metaspace =
        map("type", "Metaspace", "replacement", "▁", "prepend_scheme", scheme, "split", split);
    file.put("normalizer", null);
    file.put("pre_tokenizer", metaspace);
    file.put("decoder", metaspace);
    return Json.pretty(file);
  }

  /** Every behavior of Split, over bytes. */
  static String split(List<String> texts, String behavior, boolean invert) {
    Map<String, @Nullable Object> file = trained(texts, TokenizerConfig.Cut.GPT2, false, 400);
    Map<String, @Nullable Object> regex =
        map(
            "type",
            "Split",
            "pattern",
            Map.of("Regex", "[\\s,]|\\d"),
            "behavior",
            behavior,
            "invert",
            invert);
    Map<String, @Nullable Object> literal =
        map(
            "type",
            "Split",
            "pattern",
            Map.of("String", "."),
            "behavior",
            "MergedWithPrevious",
            "invert",
            false);
    Map<String, @Nullable Object> digits = map("type", "Digits", "individual_digits", invert);
    file.put(
        "pre_tokenizer",
        map(
            "type",
            "Sequence",
            "pretokenizers",
            List.of(regex, literal, digits, byteLevel(false, false))));
    return Json.pretty(file);
  }

  /** Added tokens with every flag. */
  static String flags(List<String> texts) {
    Map<String, @Nullable Object> file = trained(texts, TokenizerConfig.Cut.GPT2, true, 400);
    List<Object> added = new ArrayList<>();
    added.add(added(0, "<|endoftext|>", true, false));
    added.add(added(1, "<|pad|>", true, false));
    String[] contents = {"don't", "好", "👍", "ﬁ", "д"};
    String[] flags = {"single_word", "lstrip", "rstrip", "normalized", "single_word"};
    for (int i = 0; i < contents.length; i++) {
      Map<String, @Nullable Object> token = added(400 + i, contents[i], i == 2, false);
      token.put(flags[i], true);
      added.add(token);
    }
    file.put("added_tokens", added);
    file.put(
        "normalizer",
        map(
            "type",
            "Sequence",
            "normalizers",
            List.of(
                map("type", "NFKC"),
                map("type", "Replace", "pattern", Map.of("Regex", "x+"), "content", "$1"))));
    return Json.pretty(file);
  }

  /** The same file with every merge as an array of two. */
  static String withMergesAsPairs(String json) {
    Map<String, @Nullable Object> file =
        (Map<String, @Nullable Object>) Json.parse(json, "merges").value();
    model(file).put("merges", mergesAsPairs(model(file)));
    return Json.pretty(file);
  }

  // ---------------------------------------------------------------- parts

  private static Map<String, @Nullable Object> trained(
      List<String> texts, TokenizerConfig.Cut cut, boolean digits, int vocabSize) {
    TokenizerConfig config =
        new TokenizerConfig(
            vocabSize, 2, cut, digits, false, "<|endoftext|>", "<|pad|>", List.of());
    String json = Tokenizer.train(texts, config).toJson();
    return (Map<String, @Nullable Object>) Json.parse(json, "trained").value();
  }

  private static Map<String, Object> model(Map<String, @Nullable Object> file) {
    return (Map<String, Object>) file.get("model");
  }

  private static List<List<String>> mergesAsPairs(Map<String, Object> model) {
    return ((List<String>) model.get("merges"))
        .stream().map(merge -> List.of(merge.split(" "))).toList();
  }

  /** Learns merges over characters in the plainest way: a few hundred on a few texts. */
  private static Map<String, @Nullable Object> sentencePiece(List<String> texts) {
    Map<String, Object> vocab = new LinkedHashMap<>();
    for (String token : List.of("<unk>", "<s>", "</s>")) {
      vocab.put(token, vocab.size());
    }
    for (int b = 0; b < 256; b++) {
      vocab.put(String.format("<0x%02X>", b), vocab.size());
    }
    List<List<String>> words = new ArrayList<>();
    for (String text : texts) {
      for (String word : ("▁" + text.replace(" ", "▁")).split("(?=▁)")) {
        words.add(word.codePoints().filter(c -> c != '\n').mapToObj(Character::toString).toList());
      }
    }
    words.forEach(word -> word.forEach(letter -> vocab.putIfAbsent(letter, vocab.size())));
    List<String> merges = new ArrayList<>();
    while (merges.size() < 200) {
      Map<String, Integer> counts = new HashMap<>();
      words.forEach(w -> {
        for (int i = 0; i + 1 < w.size(); i++) {
          counts.merge(w.get(i) + " " + w.get(i + 1), 1, Integer::sum);
        }
      });
      String best =
          counts.entrySet().stream()
              .max(
                  Map.Entry.<String, Integer>comparingByValue()
                      .thenComparing(Map.Entry.comparingByKey()))
              .orElseThrow()
              .getKey();
      merges.add(best);
      String joined = best.replace(" ", "");
      vocab.putIfAbsent(joined, vocab.size());
      words.replaceAll(w -> join(w, best, joined));
    }
    Map<String, @Nullable Object> file = map("version", "1.0", "truncation", null, "padding", null);
    file.put(
        "added_tokens",
        List.of(
            added(0, "<unk>", true, false),
            added(1, "<s>", true, false),
            added(2, "</s>", true, false)));
    file.put("normalizer", null);
    file.put("pre_tokenizer", null);
    file.put("post_processor", template("<s>", 1));
    file.put("decoder", null);
    file.put(
        "model",
        map(
            "type",
            "BPE",
            "dropout",
            null,
            "unk_token",
            "<unk>",
            "continuing_subword_prefix",
            null,
            "end_of_word_suffix",
            null,
            "fuse_unk",
            true,
            "byte_fallback",
            true,
            "ignore_merges",
            false,
            "vocab",
            vocab,
            "merges",
            merges));
    return file;
  }

  private static List<String> join(List<String> word, String pair, String joined) {
    List<String> out = new ArrayList<>();
    for (int i = 0; i < word.size(); i++) {
      boolean match = i + 1 < word.size() && (word.get(i) + " " + word.get(i + 1)).equals(pair);
      out.add(match ? joined : word.get(i));
      i += match ? 1 : 0;
    }
    return out;
  }

  private static Map<String, @Nullable Object> template(String begin, int id) {
    Map<String, Object> first = Map.of("SpecialToken", Map.of("id", begin, "type_id", 0));
    Map<String, Object> a = Map.of("Sequence", Map.of("id", "A", "type_id", 0));
    Map<String, Object> b = Map.of("Sequence", Map.of("id", "B", "type_id", 1));
    return map(
        "type",
        "TemplateProcessing",
        "single",
        List.of(first, a),
        "pair",
        List.of(first, a, b),
        "special_tokens",
        Map.of(begin, Map.of("id", begin, "ids", List.of(id), "tokens", List.of(begin))));
  }

  private static Map<String, @Nullable Object> byteLevel(boolean prefixSpace, boolean regex) {
    return map(
        "type",
        "ByteLevel",
        "add_prefix_space",
        prefixSpace,
        "trim_offsets",
        true,
        "use_regex",
        regex);
  }

  private static Map<String, @Nullable Object> added(
      int id, String content, boolean special, boolean normalized) {
    return map(
        "id",
        id,
        "content",
        content,
        "single_word",
        false,
        "lstrip",
        false,
        "rstrip",
        false,
        "normalized",
        normalized,
        "special",
        special);
  }

  private static Map<String, @Nullable Object> map(@Nullable Object... keysAndValues) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }
}
