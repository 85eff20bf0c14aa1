package dev.anechoic.model.transformer;

import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;
import org.jspecify.annotations.Nullable;

/**
 * The {@code [model]} table of a configuration: a preset, and whatever differs from it. The
 * vocabulary comes from the tokenizer.
 */
@Doc("the transformer")
public record ModelSettings(
    @Doc("size: nano, micro, mini, small, 150m, 1b") @Default("micro") String preset,
    @Doc("most tokens in a sequence, and tokens per row in pretraining")
        @Default("256")
        @Range(min = 1)
        int contextLength,
    @Doc("width of the residual stream, if not the preset's") @Nullable Integer channels,
    @Doc("number of blocks, if not the preset's") @Nullable Integer layers,
    @Doc("query heads, if not the preset's") @Nullable Integer heads,
    @Doc("key/value heads; as many as query heads if absent") @Nullable Integer kvHeads,
    @Doc("width of gate and of up, each; 4 times channels if absent") @Nullable Integer ffnChannels,
    @Doc("normalisation: layer is without parameters, rms has a weight") @Default("layer")
        Norm norm,
    @Doc("how positions enter") @Default("rotary") Positions positions,
    @Doc("base of the rotary frequencies") @Default("10000") @Range(min = 1) double ropeBase,
    @Doc("whether the head is the embedding table, if not as in the preset")
        @Nullable Boolean tied) {

  /** Refuses a shape that no transformer has, whatever its vocabulary. */
  public ModelSettings {
    resolve(
        1,
        preset,
        contextLength,
        channels,
        layers,
        heads,
        kvHeads,
        ffnChannels,
        norm,
        positions,
        ropeBase,
        tied);
  }

  /** The model for a vocabulary of this size. */
  public ModelConfig resolve(int vocabSize) {
    return resolve(
        vocabSize,
        preset,
        contextLength,
        channels,
        layers,
        heads,
        kvHeads,
        ffnChannels,
        norm,
        positions,
        ropeBase,
        tied);
  }

  /** Also for a constructor, whose components cannot be read yet. */
  private static ModelConfig resolve(
      int vocabSize,
      String preset,
      int contextLength,
      @Nullable Integer channels,
      @Nullable Integer layers,
      @Nullable Integer heads,
      @Nullable Integer kvHeads,
      @Nullable Integer ffnChannels,
      Norm norm,
      Positions positions,
      double ropeBase,
      @Nullable Boolean tied) {
    ModelConfig base = Preset.named(preset).config(vocabSize, contextLength);
    int width = or(channels, base.channels());
    int queryHeads = or(heads, base.heads());
    return new ModelConfig(
        vocabSize,
        contextLength,
        width,
        or(layers, base.layers()),
        queryHeads,
        or(kvHeads, queryHeads),
        or(ffnChannels, 4 * width),
        norm,
        ModelConfig.DEFAULT_NORM_EPS,
        positions,
        ropeBase,
        tied == null ? base.tied() : tied);
  }

  private static int or(@Nullable Integer given, int otherwise) {
    return given == null ? otherwise : given;
  }
}
