package dev.anechoic.model.sample;

import dev.anechoic.model.transformer.Streams;

/**
 * How tokens are drawn.
 *
 * @param temperature divides the logits; 0 takes the most probable token
 * @param topK keeps the k most probable tokens; 0 keeps all
 * @param topP keeps the fewest tokens whose mass reaches it; 1 keeps all
 * @param maxNewTokens most tokens per completion, besides a forced opening
 * @param stopToken ends a completion, of which it is the last token; negative for none
 * @param seed first part of the address of every random number
 * @param stream second part; see {@link Streams}
 * @param step third part, such as the training step; the request's sample and the token's place in
 *     the sequence are the rest
 */
public record SampleSettings(
    double temperature,
    int topK,
    double topP,
    int maxNewTokens,
    int stopToken,
    long seed,
    int stream,
    int step) {

  public SampleSettings {
    require(temperature >= 0, "temperature must be at least 0, is " + temperature);
    require(topK >= 0, "top_k must be at least 0, is " + topK);
    require(topP > 0 && topP <= 1, "top_p must be in (0, 1], is " + topP);
    require(maxNewTokens > 0, "max_new_tokens must be at least 1, is " + maxNewTokens);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }

  /** Plain sampling at a temperature, from the whole vocabulary. */
  public static SampleSettings of(double temperature, int maxNewTokens, int stopToken, long seed) {
    return new SampleSettings(temperature, 0, 1, maxNewTokens, stopToken, seed, Streams.SAMPLE, 0);
  }

  public SampleSettings withTemperature(double value) {
    return new SampleSettings(value, topK, topP, maxNewTokens, stopToken, seed, stream, step);
  }

  public SampleSettings withTopP(double value) {
    return new SampleSettings(
        temperature, topK, value, maxNewTokens, stopToken, seed, stream, step);
  }

  public SampleSettings withTopK(int value) {
    return new SampleSettings(
        temperature, value, topP, maxNewTokens, stopToken, seed, stream, step);
  }

  /** The same settings at other addresses. */
  public SampleSettings at(int newStream, int newStep) {
    return new SampleSettings(
        temperature, topK, topP, maxNewTokens, stopToken, seed, newStream, newStep);
  }
}
