package dev.anechoic.model.sample;

import java.util.function.IntUnaryOperator;

/** How many sequences go side by side through a pass that pads all of them to the longest. */
public final class PaddedPass {
  /** Positions of a pass that may be recorded are a multiple of this: few shapes; not swept. */
  private static final int TIME_STEP = 16;

  private PaddedPass() {}

  /** Positions of a pass that may be recorded, so that its shape comes again. */
  public static int recordedTime(int time) {
    return (time + TIME_STEP - 1) / TIME_STEP * TIME_STEP;
  }

  /**
   * The end of a pass over neighbours in a list: as many as keep it within a number of tokens,
   * padding included, and at least one.
   *
   * @param from the first
   * @param size of the list
   * @param tokens most tokens of a pass of several
   * @param length of the sequence with an index
   */
  public static int end(int from, int size, int tokens, IntUnaryOperator length) {
    int longest = 0;
    int to = from;
    while (to < size) {
      longest = Math.max(longest, length.applyAsInt(to));
      if (to > from && (to + 1 - from) * longest > tokens) {
        break;
      }
      to++;
    }
    return to;
  }
}
