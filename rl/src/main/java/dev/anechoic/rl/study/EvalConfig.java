package dev.anechoic.rl.study;

import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;

/** How a model is evaluated before and after RL. */
@Doc("evaluation before and after RL")
public record EvalConfig(
    @Doc("held-out problems") @Default("128") @Range(min = 1) int problems,
    @Doc("sampled answers per problem, for pass@k and maj@k up to this k")
        @Default("16")
        @Range(min = 1)
        int samples,
    @Doc("temperature of the sampled answers") @Default("0.7") @Range(min = 0) double temperature,
    @Doc("nucleus of the sampled answers") @Default("0.95") @Range(min = 1e-3, max = 1) double topP,
    @Doc("greedy answers with each format's opening forced") @Default("true") boolean forced) {}
