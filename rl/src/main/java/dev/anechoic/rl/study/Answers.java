package dev.anechoic.rl.study;

import dev.anechoic.model.format.Format;
import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.tokenizer.Tokenizer;

/** Completions as text. */
final class Answers {
  private Answers() {}

  /** Opening and drawn tokens, without the end token. */
  static String text(Completion completion, Tokenizer tokenizer) {
    int[] tokens = completion.answer();
    int length = completion.stopped() ? tokens.length - 1 : tokens.length;
    return tokenizer.decode(tokens, 0, length);
  }

  /**
   * The tokens that force a format. A space at the end of the opening is left off: in a text it
   * belongs to the token of the next word.
   */
  static int[] opening(Format format, Tokenizer tokenizer) {
    return tokenizer.encode(format.opening().stripTrailing());
  }
}
