package dev.anechoic.model.tokenizer;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cuts text where a pattern matches; what happens to the match is its behavior. */
final class SplitCutter implements PreTokenizer {
  /** The names are those of {@code tokenizer.json}, in capitals. */
  enum Behavior {
    REMOVED,
    ISOLATED,
    MERGED_WITH_PREVIOUS,
    MERGED_WITH_NEXT,
    CONTIGUOUS
  }

  private final Pattern pattern;
  private final Behavior behavior;
  private final boolean invert;

  SplitCutter(Pattern pattern, Behavior behavior, boolean invert) {
    this.pattern = pattern;
    this.behavior = behavior;
    this.invert = invert;
  }

  /** Each match and each text between matches becomes a piece. */
  static SplitCutter isolating(Pattern pattern) {
    return new SplitCutter(pattern, Behavior.ISOLATED, false);
  }

  static SplitCutter of(Json json) {
    Json name = json.get("behavior");
    Behavior behavior =
        switch (name.string()) {
          case "Removed" -> Behavior.REMOVED;
          case "Isolated" -> Behavior.ISOLATED;
          case "MergedWithPrevious" -> Behavior.MERGED_WITH_PREVIOUS;
          case "MergedWithNext" -> Behavior.MERGED_WITH_NEXT;
          case "Contiguous" -> Behavior.CONTIGUOUS;
          default ->
              throw name.mismatch(
                  "one of Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous");
        };
    Pattern pattern = Components.pattern(json.get("pattern"));
    return new SplitCutter(pattern, behavior, Components.flag(json, "invert", false));
  }

  @Override
  public void cut(String text, int from, int to, boolean atStart, Sink sink) {
    Joiner joiner = new Joiner(text, from, atStart, sink);
    Matcher matcher = pattern.matcher(text).region(from, to);
    int end = from;
    try {
      while (matcher.find()) {
        joiner.part(end, matcher.start(), invert);
        joiner.part(matcher.start(), matcher.end(), !invert);
        end = matcher.end();
      }
    } catch (StackOverflowError e) {
      throw UserError.what("The tokenizer's pattern needs too much stack for this text")
          .where("a stretch of " + (to - from) + " characters")
          .got(pattern)
          .remedy("Cut the text into shorter documents.");
    }
    joiner.part(end, to, invert);
    joiner.flush();
  }

  /** Puts matches and the texts between them together as the behavior says. */
  private final class Joiner {
    private final String text;
    private final int start;
    private final boolean atStart;
    private final Sink sink;
    private int heldFrom;
    private int heldTo;
    private boolean heldMatch;

    Joiner(String text, int start, boolean atStart, Sink sink) {
      this.text = text;
      this.start = start;
      this.atStart = atStart;
      this.sink = sink;
      this.heldFrom = start;
      this.heldTo = start;
    }

    /** Takes the next part of the text; it is held back until it is known what joins it. */
    void part(int from, int to, boolean match) {
      if (from == to) {
        return;
      }
      boolean first = heldFrom == heldTo;
      boolean join =
          !first
              && switch (behavior) {
                case REMOVED, ISOLATED -> false;
                case MERGED_WITH_PREVIOUS -> match && !heldMatch;
                case MERGED_WITH_NEXT -> heldMatch && !match;
                case CONTIGUOUS -> match == heldMatch;
              };
      if (!join) {
        flush();
        heldFrom = from;
      }
      heldTo = to;
      heldMatch = match;
    }

    void flush() {
      if (heldFrom < heldTo && !(behavior == Behavior.REMOVED && heldMatch)) {
        sink.piece(text, heldFrom, heldTo, atStart && heldFrom == start);
      }
      heldFrom = heldTo;
    }
  }
}
