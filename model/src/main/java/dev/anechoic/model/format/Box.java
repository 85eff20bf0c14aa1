package dev.anechoic.model.format;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** The closing box {@code \boxed{...}} of a text. */
final class Box {

  static final String OPEN = "\\boxed{";

  private Box() {}

  /** What the last complete box holds; null if there is none. */
  static @Nullable String lastContent(String text) {
    int at = text.lastIndexOf(OPEN);
    while (at >= 0) {
      int end = end(text, at);
      if (end >= 0) {
        return text.substring(at + OPEN.length(), end);
      }
      at = at == 0 ? -1 : text.lastIndexOf(OPEN, at - 1);
    }
    return null;
  }

  /** The number in the last complete box; null if there is none. */
  static @Nullable BigDecimal lastNumber(String text) {
    String content = lastContent(text);
    return content == null ? null : Answers.parse(content);
  }

  /** The place of the brace that closes the box opened at {@code open}, or -1. */
  static int end(String text, int open) {
    int depth = 0;
    for (int i = open + OPEN.length(); i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '{') {
        depth++;
      } else if (c == '}' && --depth < 0) {
        return i;
      }
    }
    return -1;
  }

  /**
   * How a text stands to the grammar {@code prose box end}, where the prose has no markup and the
   * box holds one number.
   */
  static Form form(String text) {
    int open = text.indexOf(OPEN);
    if (open < 0) {
      return Prose.isPlain(withoutPartialBox(text)) ? Form.TRUNCATED : Form.NONE;
    }
    if (!Prose.isPlain(text.substring(0, open))) {
      return Form.MIXED;
    }
    int end = end(text, open);
    if (end < 0) {
      return text.indexOf('\n', open) < 0 ? Form.TRUNCATED : Form.MIXED;
    }
    boolean number = Answers.parse(text.substring(open + OPEN.length(), end)) != null;
    return number && isEnd(text, end + 1) ? Form.WELL_FORMED : Form.MIXED;
  }

  /** Whether a text has a box, or words that may lead to one. */
  static boolean hasWords(String text) {
    return text.contains(OPEN) || Prose.isProse(withoutPartialBox(text));
  }

  private static String withoutPartialBox(String text) {
    int backslash = text.lastIndexOf('\\');
    return backslash >= 0 && OPEN.startsWith(text.substring(backslash))
        ? text.substring(0, backslash)
        : text;
  }

  /** Whether only the end of a sentence or of a formula follows. */
  private static boolean isEnd(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isWhitespace(c) && ".$\\)]*".indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }
}
