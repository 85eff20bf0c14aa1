package dev.anechoic.model.tokenizer;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns the spellings of tokens into text, in one step of a chain whose results are joined. */
interface Decoder {
  List<String> apply(List<String> tokens);

  /** Reads a decoder. */
  static Decoder of(Json json) {
    return switch (json.get("type").string()) {
      case "Sequence" -> {
        List<Decoder> parts = json.get("decoders").items().stream().map(Decoder::of).toList();
        yield tokens -> {
          for (Decoder part : parts) {
            tokens = part.apply(tokens);
          }
          return tokens;
        };
      }
      case "ByteLevel" -> Decoder::byteLevel;
      case "ByteFallback" -> Decoder::byteFallback;
      case "Fuse" -> tokens -> List.of(String.join("", tokens));
      case "Replace" -> {
        Pattern pattern = Components.pattern(json.get("pattern"));
        String content = Matcher.quoteReplacement(json.get("content").string());
        yield tokens -> tokens.stream().map(t -> pattern.matcher(t).replaceAll(content)).toList();
      }
      case "Strip" -> {
        String content = json.get("content").string();
        int start = json.get("start").intValue();
        int stop = json.get("stop").intValue();
        yield tokens -> tokens.stream().map(t -> strip(t, content, start, stop)).toList();
      }
      case "Metaspace" -> {
        String letter = json.get("replacement").string();
        boolean prepended = !PreTokenizer.metaspaceScheme(json).equals("never");
        yield tokens -> metaspace(tokens, letter, prepended);
      }
      default ->
          throw Components.unsupported(
              json, "Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace");
    };
  }

  /** The byte that a token such as {@code <0x0A>} stands for, or -1. */
  static int fallbackByte(String token) {
    if (token.length() != 6 || !token.startsWith("<0x") || !token.endsWith(">")) {
      return -1;
    }
    int high = Character.digit(token.charAt(3), 16);
    int low = Character.digit(token.charAt(4), 16);
    return high < 0 || low < 0 ? -1 : 16 * high + low;
  }

  private static List<String> byteLevel(List<String> tokens) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    tokens.forEach(token -> bytes.writeBytes(ByteAlphabet.bytesOfToken(token)));
    return List.of(bytes.toString(StandardCharsets.UTF_8));
  }

  /** Joins byte tokens in a row; a row that is not UTF-8 becomes one U+FFFD per byte. */
  private static List<String> byteFallback(List<String> tokens) {
    List<String> out = new ArrayList<>();
    ByteArrayOutputStream row = new ByteArrayOutputStream();
    for (String token : tokens) {
      int value = fallbackByte(token);
      if (value >= 0) {
        row.write(value);
        continue;
      }
      flushRow(row, out);
      out.add(token);
    }
    flushRow(row, out);
    return out;
  }

  private static void flushRow(ByteArrayOutputStream row, List<String> out) {
    if (row.size() > 0) {
      try {
        ByteBuffer bytes = ByteBuffer.wrap(row.toByteArray());
        out.add(StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
      } catch (CharacterCodingException e) {
        out.add("\uFFFD".repeat(row.size()));
      }
      row.reset();
    }
  }

  private static String strip(String token, String content, int start, int stop) {
    int from = 0;
    for (int i = 0; i < start && token.startsWith(content, from); i++) {
      from += content.length();
    }
    int to = token.length();
    for (int i = 0;
        i < stop && to > from && token.startsWith(content, to - content.length());
        i++) {
      to -= content.length();
    }
    return token.substring(from, to);
  }

  private static List<String> metaspace(List<String> tokens, String letter, boolean prepended) {
    List<String> out = new ArrayList<>();
    for (String token : tokens) {
      boolean dropFirst = out.isEmpty() && prepended;
      out.add(token.replace(letter, dropFirst ? "" : " "));
    }
    return out;
  }

  /** The chain for a file without a decoder: spellings with spaces between them. */
  static Decoder spaced() {
    return tokens -> List.of(String.join(" ", tokens));
  }

  /** The error for an id that is no token. */
  static UserError noSuchToken(int id, int vocabSize) {
    return UserError.what("There is no token with the id " + id)
        .expected("0 to " + (vocabSize - 1))
        .remedy("Decode with the tokenizer that made the ids.");
  }
}
