package dev.anechoic.model.sample;

/**
 * What the sampler drew for a request.
 *
 * @param request what was asked for
 * @param tokens the drawn tokens, the stop token included, a forced opening not
 * @param logprobs log-probability of each drawn token at the temperature of sampling (of 1 where
 *     that was 0), over the tokens that top-k and top-p kept
 * @param readouts what the sampler's {@link StateReadout} gave for each drawn token; empty where it
 *     had none
 * @param stopped whether the stop token ended it, rather than the limit on length
 */
public record Completion(
    SampleRequest request, int[] tokens, float[] logprobs, float[] readouts, boolean stopped) {

  /** Prompt, opening and drawn tokens in one array. */
  public int[] sequence() {
    int prefix = request.prefixLength();
    int[] all = new int[prefix + tokens.length];
    for (int i = 0; i < prefix; i++) {
      all[i] = request.prefix(i);
    }
    System.arraycopy(tokens, 0, all, prefix, tokens.length);
    return all;
  }

  /** Opening and drawn tokens: what a reader takes for the answer. */
  public int[] answer() {
    int[] opening = request.opening();
    int[] all = new int[opening.length + tokens.length];
    System.arraycopy(opening, 0, all, 0, opening.length);
    System.arraycopy(tokens, 0, all, opening.length, tokens.length);
    return all;
  }
}
