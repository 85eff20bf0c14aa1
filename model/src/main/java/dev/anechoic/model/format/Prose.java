package dev.anechoic.model.format;

/** Sentences without markup. */
final class Prose {

  /** Characters that only markup and programs use. */
  private static final String MARKUP = "<>{}\\#`";

  private static final int LONGEST_WORD = 40;

  private Prose() {}

  /** Whether the text has words and nothing that belongs to markup or a program. */
  static boolean isProse(String text) {
    return hasWord(text) && isPlain(text);
  }

  private static boolean hasWord(String text) {
    for (int i = 1; i < text.length(); i++) {
      if (Character.isLetter(text.charAt(i)) && Character.isLetter(text.charAt(i - 1))) {
        return true;
      }
    }
    return false;
  }

  /** Whether nothing in the text belongs to markup or a program. */
  static boolean isPlain(String text) {
    int letters = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      letters = Character.isLetter(c) ? letters + 1 : 0;
      if (letters > LONGEST_WORD || MARKUP.indexOf(c) >= 0 && !isPlainSign(text, i)) {
        return false;
      }
    }
    return Programs.firstMarker(text) < 0;
  }

  /**
   * Whether a sign that markup uses stands here as in prose: {@code 20 < 30}, {@code >= 5}, {@code
   * #2}.
   */
  static boolean isPlainSign(String text, int at) {
    char c = text.charAt(at);
    char before = at == 0 ? ' ' : text.charAt(at - 1);
    char after = at + 1 < text.length() ? text.charAt(at + 1) : ' ';
    boolean digitBehind = after >= '0' && after <= '9';
    boolean blankOrDigitBefore = before == ' ' || before >= '0' && before <= '9';
    if (c == '#') {
      return digitBehind && before == ' ';
    }
    return (c == '<' || c == '>')
        && blankOrDigitBefore
        && (after == ' ' || after == '=' || digitBehind);
  }

  /** Whether a text has begun with this opening, or is itself a beginning of it. */
  static boolean opens(String text, String opening) {
    return text.startsWith(opening) || !text.isBlank() && opening.startsWith(text.stripTrailing());
  }
}
