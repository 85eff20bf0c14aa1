package dev.anechoic.model.tokenizer;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Finds added tokens in a text: the leftmost first, of several there the longest. */
final class AddedTokenMatcher {
  /** Takes the parts of a text that hold no added token. */
  interface TextSink {
    void text(int from, int to);
  }

  private static final class Node {
    private final Map<Character, Node> next = new HashMap<>();
    private @Nullable AddedToken token;
  }

  private final Node root = new Node();
  private final BitSet firstChars = new BitSet();

  /**
   * @param spelling how a token's content is written in the texts to come
   */
  AddedTokenMatcher(List<AddedToken> tokens, UnaryOperator<String> spelling) {
    for (AddedToken token : tokens) {
      String content = spelling.apply(token.content());
      if (content.isEmpty()) {
        continue;
      }
      Node node = root;
      for (int i = 0; i < content.length(); i++) {
        node = node.next.computeIfAbsent(content.charAt(i), _ -> new Node());
      }
      node.token = node.token == null ? token : node.token;
      firstChars.set(content.charAt(0));
    }
  }

  /** Hands the parts of a text on, in order: added tokens by id, what is between them as text. */
  void split(String text, TextSink between, IntConsumer tokens) {
    int done = 0;
    int i = firstChars.isEmpty() ? text.length() : 0;
    while (i < text.length()) {
      if (!firstChars.get(text.charAt(i))) {
        i++;
        continue;
      }
      int end = i;
      AddedToken found = null;
      Node node = root;
      for (int j = i; j < text.length(); j++) {
        node = node.next.get(text.charAt(j));
        if (node == null) {
          break;
        }
        if (node.token != null) {
          found = node.token;
          end = j + 1;
        }
      }
      if (found == null) {
        i++;
        continue;
      }
      if (!found.singleWord() || standsAlone(text, i, end)) {
        int from = found.lstrip() ? Math.max(done, spacesBefore(text, i)) : i;
        int to = found.rstrip() ? spacesAfter(text, end) : end;
        if (done < from) {
          between.text(done, from);
        }
        tokens.accept(found.id());
        done = to;
      }
      i = end;
    }
    if (done < text.length()) {
      between.text(done, text.length());
    }
  }

  private static boolean standsAlone(String text, int from, int to) {
    return (from == 0 || !Characters.isWord(text.codePointBefore(from)))
        && (to == text.length() || !Characters.isWord(text.codePointAt(to)));
  }

  private static int spacesBefore(String text, int from) {
    while (from > 0 && Characters.isSpace(text.charAt(from - 1))) {
      from--;
    }
    return from;
  }

  private static int spacesAfter(String text, int to) {
    while (to < text.length() && Characters.isSpace(text.charAt(to))) {
      to++;
    }
    return to;
  }
}
