package dev.anechoic.model.tokenizer;

import dev.anechoic.model.io.Json;
import java.text.Normalizer.Form;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Rewrites text before it is cut into pieces. */
interface Normalizer {
  String apply(String text);

  /** Reads the component {@code normalizer}; null where the file has none. */
  static @Nullable Normalizer of(@Nullable Json json) {
    return json == null ? null : read(json);
  }

  private static Normalizer read(Json json) {
    return switch (json.get("type").string()) {
      case "Sequence" -> {
        List<Normalizer> parts =
            json.get("normalizers").items().stream().map(Normalizer::read).toList();
        yield text -> {
          for (Normalizer part : parts) {
            text = part.apply(text);
          }
          return text;
        };
      }
      case "NFC" -> form(Form.NFC);
      case "NFD" -> form(Form.NFD);
      case "NFKC" -> form(Form.NFKC);
      case "NFKD" -> form(Form.NFKD);
      case "Lowercase" -> text -> text.toLowerCase(Locale.ROOT);
      case "Prepend" -> {
        String prefix = json.get("prepend").string();
        yield text -> text.isEmpty() ? text : prefix + text;
      }
      case "Replace" -> {
        Pattern pattern = Components.pattern(json.get("pattern"));
        String content = Matcher.quoteReplacement(json.get("content").string());
        yield text -> pattern.matcher(text).replaceAll(content);
      }
      default ->
          throw Components.unsupported(
              json, "Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace");
    };
  }

  private static Normalizer form(Form form) {
    return text ->
        java.text.Normalizer.isNormalized(text, form)
            ? text
            : java.text.Normalizer.normalize(text, form);
  }
}
