package dev.anechoic.model.sample;

/**
 * One completion to draw.
 *
 * @param sample address of its random numbers: two requests with the same prompt need different
 *     ones
 * @param prompt tokens that come first, at least one with the opening
 * @param opening tokens that the completion is forced to begin with; they count as prompt, so they
 *     have no log-probs. Often empty
 */
public record SampleRequest(int sample, int[] prompt, int[] opening) {
  private static final int[] NONE = {};

  /** A request without a forced opening. */
  public SampleRequest(int sample, int[] prompt) {
    this(sample, prompt, NONE);
  }

  /** Number of given tokens. */
  int prefixLength() {
    return prompt.length + opening.length;
  }

  /** The i-th given token: the prompt, then the opening. */
  int prefix(int i) {
    return i < prompt.length ? prompt[i] : opening[i - prompt.length];
  }

  boolean hasPrefixOf(SampleRequest other) {
    if (prompt == other.prompt && opening == other.opening) {
      return true;
    }
    if (prefixLength() != other.prefixLength()) {
      return false;
    }
    for (int i = 0; i < prefixLength(); i++) {
      if (prefix(i) != other.prefix(i)) {
        return false;
      }
    }
    return true;
  }
}
