package dev.anechoic.model.transformer;

import java.util.Locale;

/**
 * The shape of a transformer. The block is the one of Zhao et al., "Echo Chamber" (arXiv
 * 2504.07912) and OLMo: {@code x += Wo attention(rotary(Wqkv norm(x))); x += Wdown (silu(gate) *
 * up)} with {@code gate | up = Wgu norm(x)}, no biases.
 *
 * @param vocabSize rows of the embedding table and columns of the logits (V)
 * @param contextLength most tokens in a sequence (T)
 * @param channels width of the residual stream (C)
 * @param layers number of blocks (L)
 * @param heads query heads (H); {@code channels / heads} is the head size (D)
 * @param kvHeads key/value heads (K); a divisor of {@code heads}
 * @param ffnChannels width of gate and of up, each (F)
 * @param norm the normalisation
 * @param normEps added to the variance inside the norm
 * @param positions how positions enter
 * @param ropeBase base of the rotary frequencies
 * @param tied whether the head is the embedding table
 */
public record ModelConfig(
    int vocabSize,
    int contextLength,
    int channels,
    int layers,
    int heads,
    int kvHeads,
    int ffnChannels,
    Norm norm,
    double normEps,
    Positions positions,
    double ropeBase,
    boolean tied) {

  /** Base of the rotary frequencies in RoFormer, OLMo and the paper. */
  public static final double DEFAULT_ROPE_BASE = 10_000;

  /** Variance offset of OLMo's layer norm, and of Llama's RMSNorm since version 2. */
  public static final double DEFAULT_NORM_EPS = 1e-5;

  public ModelConfig {
    require(vocabSize > 0, "vocab_size must be at least 1, is %d", vocabSize);
    require(contextLength > 0, "context_length must be at least 1, is %d", contextLength);
    require(layers > 0, "layers must be at least 1, is %d", layers);
    require(
        heads > 0 && channels > 0 && channels % heads == 0,
        "channels (%d) must be a positive multiple of heads (%d)",
        channels,
        heads);
    require(
        kvHeads > 0 && heads % kvHeads == 0,
        "heads (%d) must be a multiple of kv_heads (%d)",
        heads,
        kvHeads);
    require(ffnChannels > 0, "ffn_channels must be at least 1, is %d", ffnChannels);
    require(
        positions == Positions.LEARNED || channels / heads % 2 == 0,
        "rotary positions need an even head size, channels / heads is %d",
        channels / heads);
  }

  private static void require(boolean holds, String message, Object... values) {
    if (!holds) {
      throw new IllegalArgumentException(String.format(Locale.ROOT, message, values));
    }
  }

  /** The paper's block with everything at its default: gate and up of 4 C each, untied. */
  public static ModelConfig of(
      int vocabSize, int contextLength, int channels, int layers, int heads) {
    return new ModelConfig(
        vocabSize,
        contextLength,
        channels,
        layers,
        heads,
        heads,
        4 * channels,
        Norm.LAYER,
        DEFAULT_NORM_EPS,
        Positions.ROTARY,
        DEFAULT_ROPE_BASE,
        false);
  }

  /** D. */
  public int headSize() {
    return channels / heads;
  }

  /** Columns of the packed query/key/value projection: (H + 2K) D. */
  public int qkvChannels() {
    return (heads + 2 * kvHeads) * headSize();
  }

  /** Number of trainable parameters; for the paper's block 16 L C² + V C (tied) or 2 V C. */
  public long parameterCount() {
    return ParameterLayout.of(this).count();
  }

  public ModelConfig withTied(boolean value) {
    return new ModelConfig(
        vocabSize,
        contextLength,
        channels,
        layers,
        heads,
        kvHeads,
        ffnChannels,
        norm,
        normEps,
        positions,
        ropeBase,
        value);
  }

  public ModelConfig withNorm(Norm value) {
    return new ModelConfig(
        vocabSize,
        contextLength,
        channels,
        layers,
        heads,
        kvHeads,
        ffnChannels,
        value,
        normEps,
        positions,
        ropeBase,
        tied);
  }

  public ModelConfig withKvHeads(int value) {
    return new ModelConfig(
        vocabSize,
        contextLength,
        channels,
        layers,
        heads,
        value,
        ffnChannels,
        norm,
        normEps,
        positions,
        ropeBase,
        tied);
  }

  public ModelConfig withPositions(Positions value) {
    return new ModelConfig(
        vocabSize,
        contextLength,
        channels,
        layers,
        heads,
        kvHeads,
        ffnChannels,
        norm,
        normEps,
        value,
        ropeBase,
        tied);
  }
}
