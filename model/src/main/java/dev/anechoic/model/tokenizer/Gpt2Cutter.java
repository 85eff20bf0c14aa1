package dev.anechoic.model.tokenizer;

/**
 * Cuts as {@link Patterns#GPT2_REGEX} does, by hand: the pattern is the default, and the regular
 * expression takes most of the time of encoding. A piece is an English contraction, or a run of
 * letters, of numbers or of other characters, each with one space before it, or white space; the
 * last of several white spaces before a word is left for the word.
 */
final class Gpt2Cutter implements PreTokenizer {
  private enum Kind {
    LETTER,
    NUMBER,
    SPACE,
    OTHER;

    static Kind of(int c) {
      if (Characters.isLetter(c)) {
        return LETTER;
      }
      if (Characters.isSpace(c)) {
        return SPACE;
      }
      return Characters.isNumber(c) ? NUMBER : OTHER;
    }
  }

  @Override
  public void cut(String text, int from, int to, boolean atStart, Sink sink) {
    int i = from;
    while (i < to) {
      int end = endOfPiece(text, i, to);
      sink.piece(text, i, end, atStart && i == from);
      i = end;
    }
  }

  private static int endOfPiece(String text, int i, int to) {
    int contraction = contraction(text, i, to);
    if (contraction > 0) {
      return i + contraction;
    }
    int start = text.charAt(i) == ' ' && i + 1 < to ? i + 1 : i;
    Kind kind = Kind.of(text.codePointAt(start));
    return kind == Kind.SPACE ? endOfSpaces(text, i, to) : endOfRun(text, start, to, kind);
  }

  /** The length of {@code 's 't 're 've 'm 'll 'd} at a place, 0 where there is none. */
  private static int contraction(String text, int i, int to) {
    if (text.charAt(i) != '\'' || i + 1 >= to) {
      return 0;
    }
    char second = text.charAt(i + 1);
    char third = i + 2 < to ? text.charAt(i + 2) : 0;
    return switch (second) {
      case 's', 't', 'm', 'd' -> 2;
      case 'r', 'v' -> third == 'e' ? 3 : 0;
      case 'l' -> third == 'l' ? 3 : 0;
      default -> 0;
    };
  }

  private static int endOfSpaces(String text, int i, int to) {
    int end = endOfRun(text, i, to, Kind.SPACE);
    return end < to && end > i + 1 ? end - 1 : end;
  }

  private static int endOfRun(String text, int i, int to, Kind kind) {
    while (i < to) {
      int c = text.codePointAt(i);
      if (Kind.of(c) != kind) {
        break;
      }
      i += Character.charCount(c);
    }
    return i;
  }
}
