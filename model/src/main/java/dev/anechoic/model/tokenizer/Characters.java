package dev.anechoic.model.tokenizer;

/** Unicode classes as Hugging Face's regular expressions define them; Java's differ in places. */
final class Characters {
  private Characters() {}

  /** White_Space: {@code \s}. */
  static boolean isSpace(int c) {
    return c <= 0x7F
        ? c == ' ' || c >= '\t' && c <= '\r'
        : c == 0x85 || c == 0xA0 || Character.isSpaceChar(c);
  }

  /** The categories L*: {@code \p{L}}. */
  static boolean isLetter(int c) {
    return c <= 0x7F ? (c | 0x20) >= 'a' && (c | 0x20) <= 'z' : Character.isLetter(c);
  }

  /** The categories N* (digits, letter numbers, other numbers): {@code \p{N}}. */
  static boolean isNumber(int c) {
    if (c <= 0x7F) {
      return c >= '0' && c <= '9';
    }
    return switch (Character.getType(c)) {
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
      default -> false;
    };
  }

  /** Alphabetic, marks, decimal digits, connectors and joiners: {@code \w}. */
  static boolean isWord(int c) {
    if (Character.isAlphabetic(c) || c == 0x200C || c == 0x200D) {
      return true;
    }
    return switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.COMBINING_SPACING_MARK,
          Character.DECIMAL_DIGIT_NUMBER,
          Character.CONNECTOR_PUNCTUATION ->
          true;
      default -> false;
    };
  }

  /** The text with every half of a surrogate pair that stands alone replaced by U+FFFD. */
  static String wellFormed(String text) {
    StringBuilder mended = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) {
        continue;
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
        continue;
      }
      mended = mended == null ? new StringBuilder(text) : mended;
      mended.setCharAt(i, '\uFFFD');
    }
    return mended == null ? text : mended.toString();
  }
}
