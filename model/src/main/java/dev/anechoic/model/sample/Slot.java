package dev.anechoic.model.sample;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One place in the cache and the completion that grows there. */
final class Slot {
  @Nullable SampleRequest request;

  /** Where the completion goes in the caller's order. */
  int order;

  /** Tokens in the cache. */
  int cached;

  /** The token that the next decoding step reads. */
  int pending;

  private int[] tokens = new int[0];
  private float[] logprobs = new float[0];
  private float[] readouts = new float[0];
  private int drawn;

  boolean isFree() {
    return request == null;
  }

  /** Takes a request whose prefix, but for its last token, is about to enter the cache. */
  void start(SampleRequest next, int nextOrder, int maxNewTokens) {
    request = next;
    order = nextOrder;
    cached = next.prefixLength() - 1;
    pending = next.prefix(cached);
    drawn = 0;
    if (tokens.length < maxNewTokens) {
      tokens = new int[maxNewTokens];
      logprobs = new float[maxNewTokens];
      readouts = new float[maxNewTokens];
    }
  }

  /** The pending token is in the cache now, and this one was drawn behind it. */
  void append(int token, float logprob, float readout) {
    tokens[drawn] = token;
    logprobs[drawn] = logprob;
    readouts[drawn] = readout;
    drawn++;
    cached++;
    pending = token;
  }

  int drawn() {
    return drawn;
  }

  /**
   * @param read whether the readouts mean something
   */
  Completion finish(boolean stopped, boolean read) {
    SampleRequest done = Objects.requireNonNull(request);
    request = null;
    return new Completion(
        done,
        Arrays.copyOf(tokens, drawn),
        Arrays.copyOf(logprobs, drawn),
        Arrays.copyOf(readouts, read ? drawn : 0),
        stopped);
  }
}
