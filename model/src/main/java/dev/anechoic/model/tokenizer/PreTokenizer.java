package dev.anechoic.model.tokenizer;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Cuts text into the pieces inside which tokens are merged. */
interface PreTokenizer {
  /** Takes the pieces in the order of the text. */
  interface Sink {
    /**
     * @param atStart whether the piece opens the whole input
     */
    void piece(String text, int from, int to, boolean atStart);
  }

  void cut(String text, int from, int to, boolean atStart, Sink sink);

  /**
   * What a file's {@code pre_tokenizer} says.
   *
   * @param byteLevel whether pieces are then spelled in the {@link ByteAlphabet}
   */
  record Parsed(PreTokenizer cutter, boolean byteLevel) {}

  /** Leaves the text in one piece. */
  PreTokenizer WHOLE =
      (text, from, to, atStart, sink) -> {
        if (from < to) {
          sink.piece(text, from, to, atStart);
        }
      };

  /** Reads the component {@code pre_tokenizer}, which may be absent. */
  static Parsed of(@Nullable Json json) {
    return json == null ? new Parsed(WHOLE, false) : read(json);
  }

  private static Parsed read(Json json) {
    return switch (json.get("type").string()) {
      case "Sequence" -> sequence(json.get("pretokenizers").items());
      case "ByteLevel" -> new Parsed(byteLevel(json), true);
      case "Split" -> new Parsed(SplitCutter.of(json), false);
      case "Digits" -> new Parsed(digits(Components.flag(json, "individual_digits", false)), false);
      case "Metaspace" -> new Parsed(metaspace(json), false);
      default ->
          throw Components.unsupported(json, "Sequence, ByteLevel, Split, Digits, Metaspace");
    };
  }

  private static Parsed sequence(List<Json> parts) {
    PreTokenizer cutter = WHOLE;
    boolean byteLevel = false;
    for (Json part : parts) {
      if (byteLevel) {
        throw UserError.what("A tokenizer component after ByteLevel is not supported")
            .where(part.where())
            .expected("ByteLevel as the last of the sequence")
            .remedy("Use a tokenizer.json that spells bytes last.");
      }
      Parsed parsed = read(part);
      cutter = then(cutter, parsed.cutter());
      byteLevel = parsed.byteLevel();
    }
    return new Parsed(cutter, byteLevel);
  }

  private static PreTokenizer then(PreTokenizer first, PreTokenizer second) {
    if (first == WHOLE) {
      return second;
    }
    if (second == WHOLE) {
      return first;
    }
    return (text, from, to, atStart, sink) ->
        first.cut(text, from, to, atStart, (t, a, b, start) -> second.cut(t, a, b, start, sink));
  }

  private static PreTokenizer byteLevel(Json json) {
    PreTokenizer cutter = Components.flag(json, "use_regex", true) ? new Gpt2Cutter() : WHOLE;
    if (!Components.flag(json, "add_prefix_space", true)) {
      return cutter;
    }
    return (text, from, to, atStart, sink) -> {
      if (from < to && text.charAt(from) != ' ') {
        String spaced = " " + text.substring(from, to);
        cutter.cut(spaced, 0, spaced.length(), atStart, sink);
      } else {
        cutter.cut(text, from, to, atStart, sink);
      }
    };
  }

  /** Cuts runs of numbers, or each single one, from the rest. */
  static PreTokenizer digits(boolean individual) {
    return (text, from, to, atStart, sink) -> {
      int start = from;
      boolean inNumber = false;
      for (int i = from; i < to; ) {
        int c = text.codePointAt(i);
        boolean number = Characters.isNumber(c);
        if (i > start && (number != inNumber || number && individual)) {
          sink.piece(text, start, i, atStart && start == from);
          start = i;
        }
        inNumber = number;
        i += Character.charCount(c);
      }
      if (start < to) {
        sink.piece(text, start, to, atStart && start == from);
      }
    };
  }

  /** SentencePiece's spelling: spaces become a visible letter, which opens each piece. */
  private static PreTokenizer metaspace(Json json) {
    String letter = json.get("replacement").string();
    String scheme = metaspaceScheme(json);
    PreTokenizer cutter =
        Components.flag(json, "split", true)
            ? new SplitCutter(
                Pattern.compile(letter, Pattern.LITERAL),
                SplitCutter.Behavior.MERGED_WITH_NEXT,
                false)
            : WHOLE;
    return (text, from, to, atStart, sink) -> {
      String spelled = text.substring(from, to).replace(" ", letter);
      boolean prepend = scheme.equals("always") || scheme.equals("first") && atStart;
      if (prepend && !spelled.startsWith(letter)) {
        spelled = letter + spelled;
      }
      cutter.cut(spelled, 0, spelled.length(), atStart, sink);
    };
  }

  /** When Metaspace puts its letter before the text; older files say it by a flag. */
  static String metaspaceScheme(Json json) {
    Json scheme = json.find("prepend_scheme");
    if (scheme == null) {
      return Components.flag(json, "add_prefix_space", true) ? "always" : "never";
    }
    if (!List.of("always", "first", "never").contains(scheme.string())) {
      throw scheme.mismatch("one of always, first, never");
    }
    return scheme.string();
  }
}
