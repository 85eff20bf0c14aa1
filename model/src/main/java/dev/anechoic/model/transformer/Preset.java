package dev.anechoic.model.transformer;

import dev.anechoic.model.UserError;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Named model sizes. Only {@code 1b} is tied, as in the paper; the smaller ones follow the paper's
 * 150M, which is not.
 */
public enum Preset {
  /** 0.13 M parameters besides the vocabulary: a study in minutes on one core. */
  NANO("nano", 64, 2, 2, false),
  /** 1.0 M. */
  MICRO("micro", 128, 4, 4, false),
  /** 6.3 M. */
  MINI("mini", 256, 6, 8, false),
  /** 33.6 M. */
  SMALL("small", 512, 8, 8, false),
  /** The paper's 150M: 162,398,208 parameters at a vocabulary of 32,000. */
  P150M("150m", 768, 12, 12, false),
  /** The paper's 1B: 1,139,277,824 parameters at a vocabulary of 32,000. */
  P1B("1b", 2048, 16, 16, true);

  private final String label;
  private final int channels;
  private final int layers;
  private final int heads;
  private final boolean tied;

  Preset(String label, int channels, int layers, int heads, boolean tied) {
    this.label = label;
    this.channels = channels;
    this.layers = layers;
    this.heads = heads;
    this.tied = tied;
  }

  /** The name in configurations and flags. */
  public String label() {
    return label;
  }

  /** The model of this size for a vocabulary and a context. */
  public ModelConfig config(int vocabSize, int contextLength) {
    return ModelConfig.of(vocabSize, contextLength, channels, layers, heads).withTied(tied);
  }

  /**
   * The preset of this name.
   *
   * @throws UserError naming the known ones
   */
  public static Preset named(String name) {
    for (Preset preset : values()) {
      if (preset.label.equals(name)) {
        return preset;
      }
    }
    throw UserError.what("Unknown preset '" + name + "'")
        .expected("one of " + names())
        .remedy("Use one of these.");
  }

  private static String names() {
    return Arrays.stream(values()).map(Preset::label).collect(Collectors.joining(", "));
  }

  @Override
  public String toString() {
    return label;
  }
}
