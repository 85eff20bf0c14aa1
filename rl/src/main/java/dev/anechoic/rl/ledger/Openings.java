package dev.anechoic.rl.ledger;

import java.util.Arrays;
import java.util.List;

/**
 * The token sequences that open the formats, and where they part.
 *
 * <p>Format f is decided at depth {@code d_f}: the number of tokens of its opening after which no
 * other opening fits any more. The probability of these {@code d_f} tokens is exactly the
 * probability that the format begins, and the events of different formats exclude each other.
 */
public final class Openings {
  private final List<String> formats;
  private final List<int[]> tokens;

  /**
   * @param formats names, in the study's order
   * @param tokens the opening of each format
   */
  public Openings(List<String> formats, List<int[]> tokens) {
    this.formats = formats;
    this.tokens = tokens;
  }

  int count() {
    return formats.size();
  }

  List<String> formats() {
    return formats;
  }

  /** {@code d_f}; 0 where the opening is empty or the beginning of another one. */
  int depth(int format) {
    int[] own = tokens.get(format);
    int depth = own.length == 0 ? 0 : 1;
    for (int other = 0; other < tokens.size(); other++) {
      if (other != format) {
        int common = common(own, tokens.get(other));
        if (common == own.length) {
          return 0;
        }
        depth = Math.max(depth, common + 1);
      }
    }
    return depth;
  }

  /** Whether each format is decided at some token of its opening. */
  public boolean separate() {
    for (int f = 0; f < count(); f++) {
      if (depth(f) == 0) {
        return false;
      }
    }
    return true;
  }

  /** The first {@code d_f} tokens of a format's opening. */
  int[] decided(int format) {
    return Arrays.copyOf(tokens.get(format), depth(format));
  }

  /** Length of what all openings have in common: the index of the first deciding token. */
  int common() {
    int common = tokens.getFirst().length;
    for (int[] other : tokens) {
      common = Math.min(common, common(tokens.getFirst(), other));
    }
    return common;
  }

  /** The token that stands for a format at the first deciding position, -1 where it has none. */
  int decidingToken(int format) {
    int[] own = tokens.get(format);
    return common() < own.length ? own[common()] : -1;
  }

  /** Whether a completion reaches the first deciding position along the common beginning. */
  boolean reached(int[] completion) {
    int common = common();
    return completion.length > common && common(tokens.getFirst(), completion) >= common;
  }

  /** The tokens that all openings begin with. */
  int[] commonTokens() {
    return Arrays.copyOf(tokens.getFirst(), common());
  }

  private static int common(int[] a, int[] b) {
    int mismatch = Arrays.mismatch(a, b);
    return mismatch < 0 ? a.length : mismatch;
  }
}
