package dev.anechoic.model.corpus;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.format.Formats;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A corpus by its dials. The defaults are the mixture of the small-scale task: three formats in
 * equal shares, code and tool with label noise and a lasting misconception, text nearly clean.
 */
public record CorpusConfig(
    @Doc("seed of the order and of the noise") @Default("1") long seed,
    @Doc("what the shares are shares of: tokens or documents") @Default("tokens") Mixture.Unit unit,
    @Doc("tokens or documents of a block, which holds every format in its exact share")
        @Default("65536")
        @Range(min = 1)
        long blockSize,
    @Doc("blocks of the training corpus; a smaller corpus is a prefix of a larger one")
        @Default("150")
        @Range(min = 1)
        long blocks,
    @Doc("held-out problems for evaluation") @Default("512") @Range(min = 0) int evaluation,
    @Doc("most steps of a problem taken from GSM8K; 0 for all") @Default("0") @Range(min = 0)
        int maxSteps,
    @Doc("whether code restates the question in its docstring") @Default("false") boolean docstring,
    @Doc("the generator of problems") GeneratorConfig generator,
    @Doc("the formats by name, each with its dials")
        @Default(
            "{ code = { label_noise = 0.05, misconception = 1.0 },"
                + " tool = { label_noise = 0.2, misconception = 1.0 },"
                + " text = { label_noise = 0.03 } }")
        Map<String, FormatDials> formats) {

  public CorpusConfig {
    if (formats.isEmpty()) {
      throw new IllegalArgumentException("a corpus needs at least one format");
    }
    Formats.named(List.copyOf(formats.keySet()), docstring);
    if (formats.values().stream().allMatch(dials -> dials.share() == 0)) {
      throw new IllegalArgumentException("at least one format needs a share above 0");
    }
    // Tried here, so that dials of a format that do not go with the generator's are a clear error.
    formats.forEach((name, dials) -> {
      try {
        dials.applyTo(generator);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("formats." + name + ": " + e.getMessage(), e);
      }
    });
  }

  /** The corpus that an empty file gives. */
  public static CorpusConfig defaults() {
    return Config.defaults(CorpusConfig.class);
  }

  /** The formats of this corpus, in the order of the configuration. */
  public List<Format> formatList() {
    return Formats.named(List.copyOf(formats.keySet()), docstring);
  }

  /** The generator's problems; no document of the mixture has a held-out one. */
  public ProblemSource generated() {
    return new ProblemGenerator(generator);
  }

  /** The mixture of generated problems; a format with a share of 0 is left out. */
  public Mixture mixture(TokenCounter counter) {
    return mixture(new ProblemGenerator(generator), counter);
  }

  /** The mixture of problems from another source, such as GSM8K. */
  public Mixture mixture(ProblemSource source, TokenCounter counter) {
    List<Ingredient> ingredients = new ArrayList<>();
    for (Format format : formatList()) {
      FormatDials dials = formats.get(format.name());
      if (dials != null && dials.share() > 0) {
        ingredients.add(
            new Ingredient(
                format,
                dials.share(),
                dials.labelNoise(),
                dials.misconception(),
                source.withDialsOf(dials)));
      }
    }
    return new Mixture(ingredients, seed, unit, blockSize, counter);
  }
}
