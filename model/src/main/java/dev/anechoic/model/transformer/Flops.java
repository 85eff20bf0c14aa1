package dev.anechoic.model.transformer;

/**
 * Floating-point operations of a transformer, a multiply-add counted as two; the one place that all
 * figures of speed and compute come from.
 *
 * <p>Forward, per token: 2 for each weight of a matrix product (all matrices and the head; the
 * embedding is a look-up), and for attention {@code 2 T C} per layer with T tokens in the sequence:
 * scores and mixing each take {@code 2 C} for each of the T/2 positions that a causal row sees on
 * average. Backward is twice the forward. Norms, activations, softmax and optimizer are left out,
 * as customary (Kaplan et al. 2020, appendix B; Chowdhery et al., PaLM 2022, appendix B).
 */
public final class Flops {
  private static final double FORWARD_PER_WEIGHT = 2;
  private static final double TRAIN_PER_FORWARD = 3;

  private Flops() {}

  /** Weights that a token multiplies with. */
  public static long multipliedWeights(ModelConfig config) {
    ParameterLayout layout = ParameterLayout.of(config);
    long matrices =
        layout.entries().stream()
            .filter(e -> e.kind() == ParameterLayout.Kind.MATRIX)
            .mapToLong(e -> e.shape().size())
            .sum();
    return matrices + (long) config.vocabSize() * config.channels();
  }

  /** Logits of one token. */
  public static double headPerToken(ModelConfig config) {
    return FORWARD_PER_WEIGHT * config.vocabSize() * config.channels();
  }

  /** Forward pass, per token, in sequences of {@code time} tokens. */
  public static double forwardPerToken(ModelConfig config, int time) {
    double attention = 2.0 * time * config.channels() * config.layers();
    return FORWARD_PER_WEIGHT * multipliedWeights(config) + attention;
  }

  /** Forward pass up to the final norm, per token, in sequences of {@code time} tokens. */
  public static double trunkPerToken(ModelConfig config, int time) {
    return forwardPerToken(config, time) - headPerToken(config);
  }

  /**
   * What {@link Transformer#hiddenRows} and {@link Transformer#extendCache} save, per token whose
   * state is not asked for: the matrices of the last block behind its attention.
   */
  public static double lastBlockTail(ModelConfig config) {
    double attentionOut = (double) config.channels() * config.channels();
    double ffn = 3.0 * config.channels() * config.ffnChannels();
    return FORWARD_PER_WEIGHT * (attentionOut + ffn);
  }

  /** Forward and backward pass, per token, in sequences of {@code time} tokens. */
  public static double trainPerToken(ModelConfig config, int time) {
    return TRAIN_PER_FORWARD * forwardPerToken(config, time);
  }

  /** Decoding one token with {@code cached} tokens in the cache before it. */
  public static double decode(ModelConfig config, int cached) {
    double attention = 4.0 * (cached + 1) * config.channels() * config.layers();
    return FORWARD_PER_WEIGHT * multipliedWeights(config) + attention;
  }
}
