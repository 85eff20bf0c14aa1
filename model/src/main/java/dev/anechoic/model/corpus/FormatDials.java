package dev.anechoic.model.corpus;

import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;
import java.util.List;
import java.util.Optional;

/** Dials of one format in a mixture. What is not set is as the generator has it. */
public record FormatDials(
    @Doc("share of the mixture, relative to the other formats") @Default("1") @Range(min = 0)
        double share,
    @Doc("fraction of the documents with one operand, operator or copied number changed")
        @Default("0")
        @Range(min = 0, max = 1)
        double labelNoise,
    @Doc("fraction of the problems with a trap that are solved by its misreading")
        @Default("0")
        @Range(min = 0, max = 1)
        double misconception,
    @Doc("step_weights of the generator for this format") Optional<List<Double>> stepWeights,
    @Doc("smallest of the generator for this format") Optional<Integer> smallest,
    @Doc("largest of the generator for this format") Optional<Integer> largest,
    @Doc("largest_factor of the generator for this format") Optional<Integer> largestFactor,
    @Doc("largest_value of the generator for this format") Optional<Integer> largestValue) {

  /** A format with a share and noise, otherwise as the generator has it. */
  public static FormatDials of(double share, double labelNoise, double misconception) {
    return new FormatDials(
        share,
        labelNoise,
        misconception,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** The generator's dials with those of this format in their place. */
  GeneratorConfig applyTo(GeneratorConfig base) {
    return new GeneratorConfig(
        base.seed(),
        stepWeights.orElse(base.stepWeights()),
        smallest.orElse(base.smallest()),
        largest.orElse(base.largest()),
        largestFactor.orElse(base.largestFactor()),
        largestValue.orElse(base.largestValue()),
        base.wordShare(),
        base.distractorShare(),
        base.trapShare(),
        base.heldOutShare());
  }
}
